import { Fault } from '../fault.js';
import { fromText, toText, type ByteString } from '../names.js';
import { dirname } from '../vfs/path.js';
import type { Vfs } from '../vfs/vfs.js';

/** Entries that are fetched at one time. */
const batch = 100;

/** A file's bytes. @throws Fault */
export async function readWhole(vfs: Vfs, path: string): Promise<Buffer> {
  const file = await vfs.open(fromText(path), { read: true });
  try {
    const bytes = Buffer.alloc((await file.stat()).size);
    const length = await file.read(bytes, 0);
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Makes a file, or puts other bytes into it; folders above it that are missing are made. @throws Fault */
export async function writeWhole(vfs: Vfs, path: string, data: string | Uint8Array): Promise<void> {
  const bytes: unknown = data;
  if (typeof bytes !== 'string' && !(bytes instanceof Uint8Array)) {
    throw new Fault('invalid', 'what a file holds is text or bytes');
  }
  const name = fromText(path);
  await makeFolder(vfs, dirname(name));
  const file = await vfs.open(name, { write: true, create: true, truncate: true });
  try {
    await file.write([typeof data === 'string' ? Buffer.from(data) : Buffer.from(data)], 0);
  } finally {
    await file.close();
  }
}

/** Names in a folder, as text, in order. @throws Fault */
export async function namesIn(vfs: Vfs, path: string): Promise<string[]> {
  const listing = await vfs.list(fromText(path));
  const names: string[] = [];
  try {
    for (;;) {
      const entries = await listing.next(batch);
      if (entries.length === 0) break;
      for (const { name } of entries) names.push(toText(name));
    }
  } finally {
    await listing.close();
  }
  return names.sort();
}

async function makeFolder(vfs: Vfs, path: ByteString): Promise<void> {
  if (path === '/') return;
  await makeFolder(vfs, dirname(path));
  await vfs.mkdir(path, 0o755).catch((thrown: unknown) => {
    if (!(thrown instanceof Fault) || thrown.code !== 'exists') throw thrown;
  });
}
