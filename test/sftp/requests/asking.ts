import { openFlags } from '../../../src/wire/open-flags.js';
import type { ByteString } from '../../../src/names.js';
import type { Vfs } from '../../../src/vfs/vfs.js';
import { sessionPair, type Asked, type PairOptions, type SessionPair } from '../session-pair.js';

/** A session that has begun. */
export async function started(options: PairOptions = {}): Promise<SessionPair> {
  const pair = sessionPair(options);
  await pair.init();
  return pair;
}

export function writing(handle: ByteString, offset: number, content: string | Buffer): Asked {
  const data = Buffer.from(content);
  return { kind: 'write', handle, offset, data: [data], length: data.length };
}

/** Puts a file where it is to be, by the session. */
export async function put(pair: SessionPair, path: ByteString, content: string | Buffer): Promise<void> {
  const handle = await pair.open(path, openFlags.write | openFlags.create | openFlags.truncate);
  await pair.ask(writing(handle, 0, content));
  await pair.ask({ kind: 'close', handle });
}

/** Puts a file where it is to be, past the session. */
export async function place(vfs: Vfs, path: ByteString, content: string | Buffer): Promise<void> {
  const file = await vfs.open(path, { write: true, create: true });
  await file.write([Buffer.from(content)], 0);
  await file.close();
}

export async function contents(vfs: Vfs, path: ByteString): Promise<string> {
  const file = await vfs.open(path, { read: true });
  const into = Buffer.alloc((await file.stat()).size);
  await file.read(into, 0);
  await file.close();
  return into.toString();
}
