/** A tree of files in memory that knows what POSIX makes of names, and nothing of quotas. */
export class FileNode {
  readonly kind = 'file';
  size = 0;
  /** Names in the tree. */
  names = 0;
  /** Handles on it, of all sessions. */
  handles = 0;
}

export class FolderNode {
  readonly kind = 'folder';
  readonly entries = new Map<string, TreeNode>();
}

export class SymlinkNode {
  readonly kind = 'symlink';
  constructor(readonly target: string) {}
}

export type TreeNode = FileNode | FolderNode | SymlinkNode;

/** Where a path leads to: the folder and the name in it, and what has that name, if anything has. */
export interface Spot {
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: TreeNode | null;
}

/** Symbolic links that are followed in one path, at most (design 5, J1). */
const mostLinks = 40;

/**
 * Resolves a relative path without `.` and `..`.
 * @param follow whether a symbolic link as the last name stands for its target
 * @returns `null` where a folder on the way is missing or is none, or the links go round
 */
export function find(root: FolderNode, path: string, follow: boolean): Spot | null {
  let names = path.split('/');
  let folder = root;
  for (let links = 0; ;) {
    const [name, ...rest] = names;
    if (name === undefined) throw new Error('an empty path');
    const node = folder.entries.get(name) ?? null;
    if (node?.kind === 'symlink' && (follow || rest.length > 0)) {
      if (++links > mostLinks) return null;
      names = [...node.target.split('/'), ...rest];
    } else if (rest.length === 0) {
      return { folder, name, node };
    } else if (node?.kind === 'folder') {
      folder = node;
      names = rest;
    } else {
      return null;
    }
  }
}

/** Whether `inner` is `outer` or lies in it. */
export function isWithin(outer: TreeNode, inner: FolderNode): boolean {
  if (outer === inner) return true;
  return outer.kind === 'folder' && [...outer.entries.values()].some((node) => isWithin(node, inner));
}

/** Every name below a folder, with what it stands for, in the words of `diskTree`. */
export function shownTree(folder: FolderNode, before = ''): [string, string][] {
  return [...folder.entries].flatMap(([name, node]) => [
    [`${before}${name}`, node.kind === 'file' ? `file ${node.size}` : node.kind] as [string, string],
    ...(node.kind === 'folder' ? shownTree(node, `${before}${name}/`) : []),
  ]);
}
