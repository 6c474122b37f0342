import { Fault } from '../../fault.js';
import { fromText, toText, type ByteString } from '../../names.js';
import { encodeExtendedReply } from '../../wire/codec.js';
import type { Person, SessionContext } from '../context.js';
import { success } from '../fault-to-status.js';
import { maxBlock, maxPacket } from '../../wire/limits.js';
import type { RequestOf } from '../operation.js';
import { bareName } from './bare-name.js';

/** limits@openssh.com [PROTOCOL 4.8]. */
export function limits(request: RequestOf<'limits@openssh.com'>, { maxHandles }: SessionContext): Buffer {
  return encodeExtendedReply(request.id, 'limits@openssh.com', {
    maxPacketLength: maxPacket,
    maxReadLength: maxBlock,
    maxWriteLength: maxBlock,
    maxOpenHandles: maxHandles,
  });
}

/** Nobody learns from the answer which other accounts exist. */
function onlyOneself(user: ByteString, person: Person): void {
  if (user !== '' && user !== fromText(person.name)) {
    throw new Fault('not-found', `only your own home is known here, not that of '${toText(user)}'`);
  }
}

/** home-directory [filexfer-extensions-00 5]: every account's home is its `/`. */
export function homeDirectory(request: RequestOf<'home-directory'>, { person }: SessionContext): Buffer {
  onlyOneself(request.user, person);
  return bareName(request.id, '/');
}

/** expand-path@openssh.com [PROTOCOL 4.9]: `~`, `~/x`, `~name/x`, else as REALPATH. */
export async function expandPath(
  request: RequestOf<'expand-path@openssh.com'>,
  { vfs, person }: SessionContext,
): Promise<Buffer> {
  const tilde = /^~([^/]*)(.*)$/s.exec(request.path);
  if (tilde) onlyOneself(tilde[1] ?? '', person);
  return bareName(request.id, await vfs.realpath(tilde ? `/${tilde[2] ?? ''}` : request.path));
}

/** users-groups-by-id@openssh.com [PROTOCOL 4.10]: the one virtual owner of J6; nobody else has a name. */
export function usersGroups(
  request: RequestOf<'users-groups-by-id@openssh.com'>,
  { person }: SessionContext,
): Buffer {
  const name = fromText(person.name);
  return encodeExtendedReply(request.id, 'users-groups-by-id@openssh.com', {
    usernames: request.uids.map((uid) => (uid === person.uid ? name : '')),
    groupnames: request.gids.map((gid) => (gid === person.gid ? name : '')),
  });
}

/** vendor-id [filexfer-extensions-00 2]: taken note of by nobody; version 3 wants an answer to each request. */
export function vendorId(request: RequestOf<'vendor-id'>): Buffer {
  return success(request.id);
}

/** account-status@plimsoll [PROTOCOL 5]. */
export async function accountStatus(
  request: RequestOf<'account-status@plimsoll'>,
  context: SessionContext,
): Promise<Buffer> {
  const status = await context.gate.pass(context.signal, () => context.status());
  return encodeExtendedReply(request.id, 'account-status@plimsoll', { status: JSON.stringify(status) });
}
