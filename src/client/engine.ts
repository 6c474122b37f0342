import { Fault } from '../fault.js';
import type { RemoteHandle } from './remote.js';
import type { Engine } from './transfer.js';
import { unlessAborted } from './unless-aborted.js';
import { Window } from './window.js';

export interface EngineOptions {
  /** Bytes of one READ and one WRITE. */
  readonly maxRead: number;
  readonly maxWrite: number;
  /** Milliseconds of the shortest answer of the server so far. */
  readonly roundTrip: number;
  /** Bytes under way at once, at most; as much as the line carries unless told. */
  readonly windowBytes?: number;
}

/** Servers with small blocks get no more requests than they queue without harm. */
const mostRequests = 256;
/** Requests for a file whose end is not known, to begin with: most such files are small. */
const firstRequests = 2;

/** The window engine for one server. */
export function createEngine({ maxRead, maxWrite, roundTrip, windowBytes }: EngineOptions): Engine {
  const most = windowBytes === undefined ? {} : { most: windowBytes };
  return {
    read: (handle, start, end, signal) =>
      readInOrder(handle, { start, end, block: maxRead, window: new Window({ roundTrip, ...most }), signal }),
    write: (handle, start, pieces, written, signal, sent) =>
      writeBehind(handle, pieces, {
        start,
        block: maxWrite,
        window: new Window({ roundTrip, ...most }),
        written,
        sent,
        signal,
      }),
  };
}

/** At least one request may be under way, however small the window. */
function hasRoom(requests: number, bytes: number, more: number, window: Window): boolean {
  return requests === 0 || (requests < mostRequests && bytes + more <= window.bytes);
}

interface Reading {
  readonly start: number;
  readonly end: number | null;
  readonly block: number;
  readonly window: Window;
  readonly signal: AbortSignal;
}

/** What one place of the file holds; `short` where the file ends in it. */
interface Block {
  readonly bytes: readonly Buffer[];
  readonly short: boolean;
}

async function* readInOrder(handle: RemoteHandle, reading: Reading): AsyncGenerator<Buffer> {
  const { end, block, window, signal } = reading;
  const under: { readonly block: Promise<Block>; readonly length: number }[] = [];
  let bytesUnder = 0;
  let next = reading.start;
  // Towards an unknown end it opens as answers come in; a request beyond it is only wasted.
  let most = end === null ? firstRequests : Infinity;
  const fill = (): void => {
    while (under.length < most && (end === null || next < end)) {
      const length = end === null ? block : Math.min(block, end - next);
      if (!hasRoom(under.length, bytesUnder, length, window)) return;
      const asked = readWhole(handle, next, length);
      // Whoever waits for an earlier one must not be surprised by this one's fault.
      asked.catch(() => undefined);
      under.push({ block: asked, length });
      bytesUnder += length;
      next += length;
    }
  };
  try {
    stopWhere(signal);
    fill();
    for (let first = under.shift(); first; first = under.shift()) {
      const { bytes, short } = await unlessAborted(first.block, signal);
      bytesUnder -= first.length;
      window.answered(first.length);
      if (!short) {
        most *= 2;
        fill();
      }
      for (const piece of bytes) {
        if (piece.length > 0) yield piece;
        stopWhere(signal);
      }
      if (short) return;
    }
  } finally {
    // The handle is closed next: what was asked of it is answered first, unless somebody waits for the end.
    if (!signal.aborted) await Promise.allSettled(under.map(({ block: asked }) => asked));
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
    if (!pieces) return { bytes, short: true };
    let here = 0;
    for (const piece of pieces) here += piece.length;
    if (here === 0) throw new Fault('bad-message', 'the server answers a READ with nothing');
    bytes.push(...pieces);
    got += here;
  }
  return { bytes, short: false };
}

interface Writing {
  readonly start: number;
  readonly block: number;
  readonly window: Window;
  readonly written: (position: number) => void;
  readonly sent: ((position: number) => void) | undefined;
  readonly signal: AbortSignal;
}

interface Sent {
  readonly length: number;
  done: boolean;
}

async function writeBehind(
  handle: RemoteHandle,
  pieces: AsyncIterable<Buffer>,
  { start, block, window, written, sent: allSent, signal }: Writing,
): Promise<number> {
  const sent: Sent[] = [];
  let answered = start;
  let offset = start;
  let failed: unknown = null;
  let wake: (() => void) | null = null;
  let waiting = 0;
  let bytesWaiting = 0;

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
  const ended = (length: number): void => {
    waiting -= 1;
    bytesWaiting -= length;
    window.answered(length);
    wake?.();
  };
  const send = (data: Buffer): void => {
    const one: Sent = { length: data.length, done: false };
    sent.push(one);
    waiting += 1;
    bytesWaiting += data.length;
    handle.write(offset, data).then(
      () => {
        settle(one);
        ended(data.length);
      },
      (thrown: unknown) => {
        // Its place stays in front of all behind it, which so do not count any more.
        failed ??= thrown;
        ended(data.length);
      },
    );
    offset += data.length;
  };
  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) {
      await new Promise<void>((resolve) => (wake = resolve));
      wake = null;
    }
  };

  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; at += block) {
        const data = piece.subarray(at, at + block);
        await until(() => hasRoom(waiting, bytesWaiting, data.length, window));
        if (failed !== null || signal.aborted) break;
        send(data);
      }
      if (failed !== null || signal.aborted) break;
    }
  } catch (thrown) {
    failed ??= thrown;
  }
  if (failed === null && !signal.aborted) allSent?.(offset);
  await until(() => waiting === 0);
  if (failed !== null)
    throw failed instanceof Error ? failed : new Fault('failure', undefined, { cause: failed });
  if (signal.aborted) throw new Fault('cancelled');
  return answered;
}
