import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';

/** What a folder holds: each path below it as a byte string, with the file's hash, or `folder`. */
export type Tree = Readonly<Record<string, string>>;

export function treeOf(folder: string): Tree {
  const tree: Record<string, string> = {};
  const look = (path: Buffer, shown: string): void => {
    for (const name of readdirSync(path, { encoding: 'buffer' })) {
      const inside = Buffer.concat([path, Buffer.from('/'), name]);
      const shownInside = `${shown}${name.toString('latin1')}`;
      if (lstatSync(inside).isDirectory()) {
        tree[shownInside] = 'folder';
        look(inside, `${shownInside}/`);
      } else {
        tree[shownInside] = createHash('sha256').update(readFileSync(inside)).digest('hex');
      }
    }
  };
  look(Buffer.from(folder), '');
  return tree;
}
