import { Fault } from '../fault.js';
import type { RemoteHandle } from './remote.js';
import type { Engine } from './transfer.js';

export interface WindowOptions {
  /** Bytes of one READ and one WRITE. */
  readonly maxRead: number;
  readonly maxWrite: number;
  /** Bytes under way at once, at most: they are in memory, and bound what a line carries in one round trip. */
  readonly windowBytes?: number;
  /** Requests under way at once, at most. */
  readonly windowRequests?: number;
}

/** 160 MB/s over a round trip of 100 ms. */
const defaultWindow = 16 * 2 ** 20;
/** Servers with small blocks get no more requests than they queue without harm. */
const defaultRequests = 256;
/** Requests for a file whose end is not known, to begin with: most such files are small. */
const firstRequests = 2;

/** The window engine for one server's block sizes. */
export function createEngine(options: WindowOptions): Engine {
  const { windowBytes = defaultWindow, windowRequests = defaultRequests } = options;
  const most = (block: number): number =>
    Math.max(1, Math.min(windowRequests, Math.floor(windowBytes / block)));
  return {
    read: (handle, start, end, signal) =>
      readInOrder(handle, { start, end, block: options.maxRead, most: most(options.maxRead), signal }),
    write: (handle, start, pieces, written, signal) =>
      writeBehind(handle, pieces, {
        start,
        block: options.maxWrite,
        most: most(options.maxWrite),
        written,
        signal,
      }),
  };
}

interface Reading {
  readonly start: number;
  readonly end: number | null;
  readonly block: number;
  readonly most: number;
  readonly signal: AbortSignal;
}

/** What one place of the file holds; `short` where the file ends in it. */
interface Block {
  readonly bytes: readonly Buffer[];
  readonly short: boolean;
}

async function* readInOrder(handle: RemoteHandle, reading: Reading): AsyncGenerator<Buffer> {
  const { end, block, signal } = reading;
  const under: Promise<Block>[] = [];
  let next = reading.start;
  // Towards an unknown end it opens as answers come in; a request beyond it is only wasted.
  let most = end === null ? firstRequests : reading.most;
  const fill = (): void => {
    while (under.length < most && (end === null || next < end)) {
      const length = end === null ? block : Math.min(block, end - next);
      const asked = readWhole(handle, next, length);
      // Whoever waits for an earlier one must not be surprised by this one's fault.
      asked.catch(() => undefined);
      under.push(asked);
      next += length;
    }
  };
  try {
    fill();
    for (let first = under.shift(); first; first = under.shift()) {
      const { bytes, short } = await first;
      stopWhere(signal);
      if (!short) {
        most = Math.min(reading.most, most * 2);
        fill();
      }
      for (const piece of bytes) yield piece;
      if (short) return;
    }
  } finally {
    // The handle is closed next: what was asked of it is answered first.
    await Promise.allSettled(under);
  }
}

function stopWhere(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault('cancelled');
}

/** All bytes of a place: a server may answer with fewer than were asked for. [filexfer-02 6.4] */
async function readWhole(handle: RemoteHandle, offset: number, length: number): Promise<Block> {
  const bytes: Buffer[] = [];
  let got = 0;
  while (got < length) {
    const pieces = await handle.read(offset + got, length - got);
    if (!pieces) return { bytes: joined(bytes, got), short: true };
    let here = 0;
    for (const piece of pieces) here += piece.length;
    if (here === 0) throw new Fault('bad-message', 'the server answers a READ with nothing');
    bytes.push(...pieces);
    got += here;
  }
  return { bytes: joined(bytes, got), short: false };
}

/** One write to the disk for each block is cheaper than one for each SSH packet, the copy included. */
function joined(pieces: readonly Buffer[], length: number): readonly Buffer[] {
  return pieces.length < 2 ? pieces : [Buffer.concat(pieces, length)];
}

interface Writing {
  readonly start: number;
  readonly block: number;
  readonly most: number;
  readonly written: (bytes: number) => void;
  readonly signal: AbortSignal;
}

interface Sent {
  readonly length: number;
  done: boolean;
}

async function writeBehind(
  handle: RemoteHandle,
  pieces: AsyncIterable<Buffer>,
  { start, block, most, written, signal }: Writing,
): Promise<number> {
  const sent: Sent[] = [];
  let answered = 0;
  let offset = start;
  let failed: unknown = null;
  let wake: (() => void) | null = null;
  let waiting = 0;

  const settle = (one: Sent): void => {
    one.done = true;
    let gained = 0;
    for (let first = sent[0]; first?.done; first = sent[0]) {
      gained += first.length;
      sent.shift();
    }
    if (gained > 0) {
      answered += gained;
      written(answered);
    }
  };
  const ended = (): void => {
    waiting -= 1;
    wake?.();
  };
  const send = (data: Buffer): void => {
    const one: Sent = { length: data.length, done: false };
    sent.push(one);
    waiting += 1;
    handle.write(offset, data).then(
      () => {
        settle(one);
        ended();
      },
      (thrown: unknown) => {
        // Its place stays in front of all behind it, which so do not count any more.
        failed ??= thrown;
        ended();
      },
    );
    offset += data.length;
  };
  const room = async (below: number): Promise<void> => {
    while (waiting >= below && waiting > 0) {
      await new Promise<void>((resolve) => (wake = resolve));
      wake = null;
    }
  };

  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; at += block) {
        await room(most);
        if (failed !== null || signal.aborted) break;
        send(piece.subarray(at, at + block));
      }
      if (failed !== null || signal.aborted) break;
    }
  } catch (thrown) {
    failed ??= thrown;
  }
  await room(1);
  if (failed !== null)
    throw failed instanceof Error ? failed : new Fault('failure', undefined, { cause: failed });
  if (signal.aborted) throw new Fault('cancelled');
  return answered;
}
