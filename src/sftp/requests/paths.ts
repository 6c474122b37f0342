import { encodeAttrs } from '../../wire/codec.js';
import { attrsOf, setAttributesOf } from '../attributes.js';
import type { SessionContext } from '../context.js';
import { success } from '../fault-to-status.js';
import type { RequestOf } from '../operation.js';
import { symlinkNames } from '../symlink-order.js';
import { bareName } from './bare-name.js';

/** STAT [filexfer-02 6.8]: of what a symlink points to. */
export async function stat(request: RequestOf<'stat'>, { vfs }: SessionContext): Promise<Buffer> {
  return encodeAttrs(request.id, attrsOf(await vfs.stat(request.path, { follow: true })));
}

/** LSTAT [filexfer-02 6.8]: of the symlink itself. */
export async function lstat(request: RequestOf<'lstat'>, { vfs }: SessionContext): Promise<Buffer> {
  return encodeAttrs(request.id, attrsOf(await vfs.stat(request.path, { follow: false })));
}

/** SETSTAT [filexfer-02 6.9]. */
export async function setstat(request: RequestOf<'setstat'>, { vfs }: SessionContext): Promise<Buffer> {
  await vfs.set(request.path, setAttributesOf(request.attrs), { follow: true });
  return success(request.id);
}

/** lsetstat@openssh.com [PROTOCOL 4.6]: of the symlink itself. */
export async function lsetstat(
  request: RequestOf<'lsetstat@openssh.com'>,
  { vfs }: SessionContext,
): Promise<Buffer> {
  await vfs.set(request.path, setAttributesOf(request.attrs), { follow: false });
  return success(request.id);
}

/** REMOVE [filexfer-02 6.5]. */
export async function remove(request: RequestOf<'remove'>, { vfs }: SessionContext): Promise<Buffer> {
  await vfs.remove(request.path);
  return success(request.id);
}

/** RENAME [filexfer-02 6.5]: never replaces what has the new name. */
export async function rename(request: RequestOf<'rename'>, { vfs }: SessionContext): Promise<Buffer> {
  await vfs.rename(request.from, request.to, { replace: false });
  return success(request.id);
}

/** posix-rename@openssh.com [PROTOCOL 4.1]: replaces, as rename(2) does. */
export async function posixRename(
  request: RequestOf<'posix-rename@openssh.com'>,
  { vfs }: SessionContext,
): Promise<Buffer> {
  await vfs.rename(request.from, request.to, { replace: true });
  return success(request.id);
}

/** SYMLINK [filexfer-02 6.10], its arguments in the order that the client means. */
export async function symlink(
  request: RequestOf<'symlink'>,
  { vfs, clientIdent }: SessionContext,
): Promise<Buffer> {
  const { link, target } = symlinkNames(clientIdent, request.first, request.second);
  await vfs.symlink(link, target);
  return success(request.id);
}

/** hardlink@openssh.com [PROTOCOL 4.4]. */
export async function hardlink(
  request: RequestOf<'hardlink@openssh.com'>,
  { vfs }: SessionContext,
): Promise<Buffer> {
  await vfs.link(request.existing, request.name);
  return success(request.id);
}

/** READLINK [filexfer-02 6.10]. */
export async function readlink(request: RequestOf<'readlink'>, { vfs }: SessionContext): Promise<Buffer> {
  return bareName(request.id, await vfs.readlink(request.path));
}

/** REALPATH [filexfer-02 6.11]. */
export async function realpath(request: RequestOf<'realpath'>, { vfs }: SessionContext): Promise<Buffer> {
  return bareName(request.id, await vfs.realpath(request.path));
}
