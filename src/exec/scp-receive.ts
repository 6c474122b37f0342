import { Fault, toFault } from '../fault.js';
import type { ByteString } from '../names.js';
import { overLine } from '../quota/line.js';
import { formatSize } from '../size.js';
import { dirname } from '../vfs/path.js';
import type { Handle, SetAttributes, Space, Stats, Vfs } from '../vfs/vfs.js';
import type { ScpEntry, ScpTimes } from './scp-messages.js';
import { lost, Refusal, type ScpPeer } from './scp-peer.js';
import { ScpWrites } from './scp-writes.js';

/** A file that is about to come. */
export interface Incoming {
  readonly path: ByteString;
  readonly entry: ScpEntry;
  readonly times: ScpTimes | null;
  /** Whether it gets the mode that was announced, even where it exists already. */
  readonly keepMode: boolean;
}

/** What is at a path, if anything is. */
export async function look(vfs: Vfs, path: ByteString): Promise<Stats | null> {
  try {
    return await vfs.stat(path, { follow: true });
  } catch (thrown) {
    if (toFault(thrown).code === 'not-found') return null;
    throw thrown;
  }
}

/**
 * Takes one file, in place: what the target held is overwritten, and cut off behind the new end only when all has
 * come. Refused at its announced size, none of its bytes are sent; those of one that fails later are read and dropped.
 * @throws Fault `end-of-file` where the input ends in it: the part that came stays
 */
export async function receiveFile(incoming: Incoming, peer: ScpPeer, vfs: Vfs): Promise<void> {
  const { path, entry } = incoming;
  let handle: Handle;
  try {
    await refuseWithoutRoom(vfs, path, entry.size);
    handle = await vfs.open(path, { write: true, create: true, mode: entry.mode });
  } catch (thrown) {
    await peer.refuse(path, thrown);
    return;
  }
  let fault: Fault | null = null;
  try {
    fault = await fill(handle, incoming, peer);
  } catch (thrown) {
    // What ended the session is told, not what its end broke.
    await handle.close({ complete: false }).catch(() => undefined);
    throw thrown;
  }
  try {
    await handle.close({ complete: fault === null });
  } catch (thrown) {
    fault ??= toFault(thrown);
  }
  await (fault && fault !== sourceFailed ? peer.refuse(path, fault) : peer.agree());
}

/** The source could not read what it announced, and filled up with zeros: it knows, and need not be told. */
const sourceFailed = new Fault('failure', 'the source could not read all of the file');

/** Why the file is not what was announced, or `null`. */
async function fill(handle: Handle, incoming: Incoming, peer: ScpPeer): Promise<Fault | null> {
  await peer.agree();
  const { size } = incoming.entry;
  const writes = new ScpWrites(handle, peer.streams);
  try {
    for (let left = size; left > 0;) {
      const bytes = await peer.bytes(left);
      if (!bytes) throw lost();
      left -= bytes.length;
      await writes.take(bytes);
    }
  } finally {
    await writes.settle();
  }
  const sound = await peer.answer();
  if (writes.fault) return writes.fault;
  try {
    await finish(handle, incoming, writes.size, sound);
  } catch (thrown) {
    return toFault(thrown);
  }
  return sound ? null : sourceFailed;
}

async function finish(handle: Handle, incoming: Incoming, sizeNow: number, sound: boolean): Promise<void> {
  const { entry, times, keepMode } = incoming;
  const attributes: SetAttributes = {
    ...(sizeNow !== entry.size && { size: entry.size }),
    ...(keepMode && { mode: entry.mode }),
    // A damaged copy with the right time would pass for a good one.
    ...(times && sound && { times }),
  };
  if (Object.keys(attributes).length > 0) await handle.set(attributes);
}

/** Before the first byte: what the file needs more than what it replaces has to be free. */
async function refuseWithoutRoom(vfs: Vfs, path: ByteString, size: number): Promise<void> {
  if (size === 0) return;
  const [there, space] = await Promise.all([look(vfs, path), roomAt(vfs, dirname(path))]);
  if (!space || (there && there.kind !== 'file')) return;
  const needed = size - (there?.size ?? 0);
  if (needed <= space.bytesFree) return;
  if (space.line) throw new Refusal('quota', overLine('bytes', { ...space.line, needed }).message);
  const [needs, free] = [formatSize(needed), formatSize(space.bytesFree)];
  const sentence = needs === free ? `${needed} bytes, ${space.bytesFree}` : `${needs}, ${free}`;
  throw new Refusal('no-space', `needs ${sentence} free`);
}

/** `null` where the filesystem does not know. */
async function roomAt(vfs: Vfs, folder: ByteString): Promise<Space | null> {
  try {
    return await vfs.space(folder);
  } catch (thrown) {
    if (toFault(thrown).code === 'unsupported') return null;
    throw thrown;
  }
}
