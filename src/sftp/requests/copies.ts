import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import type { Handle, Vfs } from '../../vfs/vfs.js';
import type { SessionContext } from '../context.js';
import { success } from '../fault-to-status.js';
import { maxBlock } from '../../wire/limits.js';
import type { RequestOf } from '../operation.js';

interface CopyRange {
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Bytes to copy; 0 up to the end of the source, as it is now. */
  readonly length: number;
}

/** Copies through `Handle.read` and `Handle.write`, so that whatever guards those guards a copy as well. */
async function copyBytes(from: Handle, to: Handle, range: CopyRange, signal: AbortSignal): Promise<number> {
  // The end does not move with the copy: two files that are copied to each other would grow for ever.
  const rest = Math.max(0, (await from.stat()).size - range.fromOffset);
  const length = range.length === 0 ? rest : Math.min(range.length, rest);
  const buffer = Buffer.allocUnsafe(Math.min(maxBlock, length));
  let copied = 0;
  while (copied < length) {
    if (signal.aborted) throw new Fault('cancelled');
    const wanted = Math.min(buffer.length, length - copied);
    const bytesRead = await from.read(buffer.subarray(0, wanted), range.fromOffset + copied);
    if (bytesRead === 0) break;
    await to.write([buffer.subarray(0, bytesRead)], range.toOffset + copied);
    copied += bytesRead;
  }
  return copied;
}

/** A copy onto itself would chase its own end, or empty the file before it was read. */
function refuseSameFile(from: Handle, to: Handle): void {
  if (from.inode.dev === to.inode.dev && from.inode.ino === to.inode.ino) {
    throw new Fault('invalid', 'source and target of the copy are the same file');
  }
}

/** copy-data [filexfer-extensions-00 7, PROTOCOL 4.11]. */
export async function copyData(request: RequestOf<'copy-data'>, context: SessionContext): Promise<Buffer> {
  const { handles, gate, signal } = context;
  const from = handles.file(request.from).file;
  const to = handles.file(request.to).file;
  refuseSameFile(from, to);
  await gate.pass(signal, () => copyBytes(from, to, request, signal));
  return success(request.id);
}

/** copy-file [filexfer-extensions-00 6]: contents and permissions; the new file is removed again if that fails. */
export async function copyFile(request: RequestOf<'copy-file'>, context: SessionContext): Promise<Buffer> {
  const { vfs, gate, signal } = context;
  await gate.pass(signal, async () => {
    const from = await vfs.open(request.from, { read: true });
    try {
      await copyInto(vfs, from, request.to, request.overwrite, signal);
    } finally {
      await from.close();
    }
  });
  return success(request.id);
}

async function copyInto(
  vfs: Vfs,
  from: Handle,
  target: ByteString,
  overwrite: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { mode } = await from.stat();
  // Without TRUNC: an existing target keeps its bytes until it is known to be another file than the source.
  const to = await vfs.open(target, { write: true, create: true, exclusive: !overwrite, mode });
  try {
    refuseSameFile(from, to);
    const length = await copyBytes(from, to, { fromOffset: 0, toOffset: 0, length: 0 }, signal);
    await to.set({ size: length, mode });
  } catch (thrown) {
    await discard(vfs, to, target);
    throw thrown;
  }
  await to.close({ complete: true });
}

/** Removes what was copied in part, if we made it and the name still is its: somebody may have put a file there. */
async function discard(vfs: Vfs, to: Handle, target: ByteString): Promise<void> {
  try {
    // The name asked for may be a symbolic link to the one that was made.
    const made = to.opened.created ? await vfs.realpath(target) : null;
    const there = made === null ? null : await vfs.stat(made, { follow: false });
    if (made !== null && there?.dev === to.inode.dev && there.ino === to.inode.ino) await vfs.remove(made);
  } catch {
    // The copy's own failure is told; what is left of it can be removed by hand.
  }
  await to.close({ complete: false }).catch(() => undefined);
}
