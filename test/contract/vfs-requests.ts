import { expect } from 'vitest';
import { Fault, type FaultCode } from '../../src/fault.js';
import type { ByteString } from '../../src/names.js';
import type { OpenOptions, Vfs } from '../../src/vfs/vfs.js';

/** Each request that takes a path, with `path` in each of its places. */
export function everyRequest(
  vfs: Vfs,
  path: ByteString,
  other: ByteString,
): readonly (() => Promise<unknown>)[] {
  return [
    () => opened(vfs, path, { read: true }),
    () => opened(vfs, path, { write: true }),
    () => opened(vfs, path, { write: true, create: true, truncate: true }),
    () => opened(vfs, path, { append: true, create: true, exclusive: true }),
    async () => {
      const listing = await vfs.list(path);
      const entries = await listing.next(1000).finally(() => listing.close());
      return entries;
    },
    () => vfs.stat(path, { follow: true }),
    () => vfs.stat(path, { follow: false }),
    () => vfs.set(path, { mode: 0o640, times: { atime: 1, mtime: 2 } }, { follow: true }),
    () => vfs.set(path, { times: { atime: 1, mtime: 2 } }, { follow: false }),
    () => vfs.set(path, { size: 3 }, { follow: true }),
    () => vfs.readlink(path),
    () => vfs.realpath(path),
    () => vfs.space(path),
    () => vfs.link(path, `${other}.link`),
    () => vfs.link(other, path),
    () => vfs.symlink(path, 'target'),
    () => vfs.mkdir(path, 0o755),
    () => vfs.rename(path, `${other}.moved`, { replace: false }),
    () => vfs.rename(other, path, { replace: false }),
    () => vfs.rename(path, `${other}.moved`, { replace: true }),
    () => vfs.rename(other, path, { replace: true }),
    () => vfs.rmdir(path),
    () => vfs.remove(path),
  ];
}

/** Opens, reads what is there, writes a mark where it may, closes; what was read. */
async function opened(vfs: Vfs, path: ByteString, options: OpenOptions): Promise<string> {
  const handle = await vfs.open(path, options);
  try {
    if (options.write || options.append) await handle.write([Buffer.from('written by the client')], 0);
    if (!options.read) return '';
    const into = Buffer.alloc(4096);
    return into.toString('latin1', 0, await handle.read(into, 0));
  } finally {
    await handle.close();
  }
}

/** Fails unless the promise is rejected with a fault of one of these codes. */
export async function rejects(promise: Promise<unknown>, ...codes: readonly FaultCode[]): Promise<void> {
  const thrown = await promise.then(
    () => 'nothing was thrown',
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(Fault);
  expect(codes).toContain((thrown as Fault).code);
}
