import { Fault } from '../fault.js';
import type { MemoryNode, MemoryTree } from './memory-tree.js';
import { fileMode, folderMode } from './modes.js';
import { change } from './stats.js';
import type { Change, SetAttributes } from './vfs.js';

export function setNode(tree: MemoryTree, node: MemoryNode, attributes: SetAttributes): Change {
  const { size, owner, mode, times } = attributes;
  const before = tree.stats(node);
  if (size !== undefined) {
    if (node.kind === 'folder') throw new Fault('is-a-folder');
    if (node.kind !== 'file') throw new Fault('not-a-file');
    if (!Number.isSafeInteger(size) || size < 0) throw new Fault('invalid');
    node.file.resize(size);
    node.mtime = tree.now();
  }
  if (mode !== undefined) {
    if (node.kind === 'symlink') {
      throw new Fault('unsupported', 'a symbolic link has no permissions of its own');
    }
    node.mode = node.kind === 'folder' ? folderMode(mode) : fileMode(mode);
  }
  if (owner) Object.assign(node, owner);
  if (times) Object.assign(node, times);
  return change(before, tree.stats(node));
}
