import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Used {
  readonly bytes: number;
  readonly files: number;
}

/** What a folder holds on the disk by the ledger's definition: each inode once, sizes of regular files (design 5). */
export function diskUsage(folder: string): Used {
  const seen = new Set<number>();
  let bytes = 0;
  const walk = (path: string): void => {
    for (const name of readdirSync(path)) {
      const below = join(path, name);
      const found = lstatSync(below, { throwIfNoEntry: false });
      if (!found || seen.has(found.ino)) continue;
      seen.add(found.ino);
      if (found.isFile()) bytes += found.size;
      if (found.isDirectory()) walk(below);
    }
  };
  walk(folder);
  return { bytes, files: seen.size };
}

/** Every name below a folder and what it stands for, in the words of `HomeModel.tree`. */
export function diskTree(folder: string): ReadonlyMap<string, string> {
  const tree = new Map<string, string>();
  const walk = (path: string, shown: string): void => {
    for (const name of readdirSync(path)) {
      const found = lstatSync(join(path, name));
      const kind = found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'symlink' : `file ${found.size}`;
      tree.set(`${shown}${name}`, kind);
      if (found.isDirectory()) walk(join(path, name), `${shown}${name}/`);
    }
  };
  walk(folder, '');
  return tree;
}
