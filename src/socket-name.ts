import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Good until it is closed. */
export interface ShortName {
  readonly name: string;
  close(): void;
}

/**
 * A name of the socket that fits the kernel's 107 bytes, however long the path: through a descriptor of its folder.
 * libuv cuts a longer path silently, and would bind some other name.
 */
export function shortName(path: string): ShortName {
  const folder = shortFolder(dirname(path));
  return { name: `${folder.name}/${basename(path)}`, close: () => folder.close() };
}

/** The same for all sockets of a folder. It stays the same folder where the path comes to mean another one. */
export function shortFolder(path: string): ShortName {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  return { name: `/proc/self/fd/${folder}`, close: () => closeSync(folder) };
}
