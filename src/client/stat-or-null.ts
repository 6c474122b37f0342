import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Remote, RemoteStat } from './remote.js';

/** Follows symlinks; `null` where there is nothing. */
export function statOrNull(remote: Remote, path: ByteString): Promise<RemoteStat | null> {
  return unlessMissing(remote.stat(path));
}

/** Does not follow them. */
export function lstatOrNull(remote: Remote, path: ByteString): Promise<RemoteStat | null> {
  return unlessMissing(remote.lstat(path));
}

async function unlessMissing(asked: Promise<RemoteStat>): Promise<RemoteStat | null> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'not-found') return null;
    throw thrown;
  }
}
