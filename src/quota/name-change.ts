import type { Change, Vfs } from '../vfs/vfs.js';
import type { NameChange } from './messages.js';

/** Carries a change of names out on a filesystem that nobody charges. */
export function carryOut(vfs: Vfs, request: NameChange): Promise<Change> {
  switch (request.kind) {
    case 'mkdir':
      return vfs.mkdir(request.path, request.mode);
    case 'rmdir':
      return vfs.rmdir(request.path);
    case 'remove':
      return vfs.remove(request.path);
    case 'rename':
      return vfs.rename(request.path, request.to, { replace: request.replace });
    case 'link':
      return vfs.link(request.path, request.name);
    case 'symlink':
      return vfs.symlink(request.path, request.target);
  }
}
