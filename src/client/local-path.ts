import { fromText, toBytes, toText, type ByteString } from '../names.js';

/**
 * Local paths are bytes, like remote ones: on POSIX systems a name may be any bytes, and one that is not UTF-8 survives a
 * transfer. Windows knows only Unicode names, and takes `\` beside `/`.
 */
export const windows = process.platform === 'win32';

/** What `node:fs` takes for a path. */
export function fsPath(path: ByteString): Buffer | string {
  return windows ? toBytes(path).toString('utf8') : toBytes(path);
}

/** A path that the system or a person gave as text. */
export function localFromText(text: string): ByteString {
  return fromText(windows ? text.replace(/\\/g, '/') : text);
}

/** For sentences. */
export function localToText(path: ByteString): string {
  return toText(path);
}
