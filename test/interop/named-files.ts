import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { toBytes, type ByteString } from '../../src/names.js';

function pathOf(folder: string, name: ByteString): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), toBytes(name)]);
}

/** Makes the folder, and in it a file for each name that holds that name. */
export function writeNamedFiles(folder: string, names: readonly ByteString[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(pathOf(folder, name), toBytes(name));
}

/** Names and contents of the folder's files, byte for byte as the disk has them, in the order of the bytes. */
export function readNamedFiles(
  folder: string,
): readonly (readonly [name: ByteString, content: ByteString])[] {
  return readdirSync(folder, { encoding: 'buffer' })
    .map((bytes) => bytes.toString('latin1'))
    .sort()
    .map((name) => [name, readFileSync(pathOf(folder, name), 'latin1')]);
}

/** What `readNamedFiles` gives for a folder that `writeNamedFiles` made, or any program copied faithfully. */
export function faithful(names: readonly ByteString[]): ReturnType<typeof readNamedFiles> {
  return [...names].sort().map((name) => [name, name]);
}
