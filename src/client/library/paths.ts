import { fromBytes, fromText, toBytes, type ByteString } from '../../names.js';
import { Fault } from '../../fault.js';

/**
 * A name or path: text stands for its UTF-8 bytes, and bytes for themselves, since a server's names may be any bytes.
 * Relative ones count from where the server starts a session.
 */
export type Path = string | Uint8Array;

/** @throws Fault `bad-name` for an empty path, and for one with a NUL byte, which no protocol and no system knows */
export function pathBytes(path: Path): ByteString {
  const bytes =
    typeof path === 'string'
      ? fromText(path)
      : fromBytes(Buffer.from(path.buffer, path.byteOffset, path.byteLength));
  if (bytes === '') throw new Fault('bad-name', 'a path is missing');
  if (bytes.includes('\0')) throw new Fault('bad-name', 'a path with a NUL byte');
  return bytes;
}

/** Text as it is, not as it is shown: what is not UTF-8 has U+FFFD in its place, and `nameBytes` beside it. */
export function plainText(name: ByteString): string {
  return toBytes(name).toString('utf8');
}

/** @throws Fault `bad-name` where the server sent what is no name in a folder, and so would lead elsewhere */
export function below(folder: ByteString, name: ByteString): ByteString {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new Fault('bad-name', 'the server listed a name that would lead out of its folder');
  }
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
