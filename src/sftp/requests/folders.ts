import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import type { Entry, Vfs } from '../../vfs/vfs.js';
import { encodeHandle, encodeName } from '../../wire/codec.js';
import { longname } from '../../wire/longname.js';
import { attrsOf, setAttributesOf } from '../attributes.js';
import type { Person, SessionContext } from '../context.js';
import { success } from '../fault-to-status.js';
import { maxListingReply } from '../reply-sizes.js';
import type { RequestOf } from '../operation.js';

/** Entries asked of the filesystem at once; about as many as fit one reply. */
const batch = 128;

/** Bytes of one entry beside its two names: lengths, ATTRS with size, owner, permissions and times [filexfer-02 7]. */
const entryOverhead = 4 + 4 + 32;

/** OPENDIR [filexfer-02 6.7]. */
export async function opendir(
  request: RequestOf<'opendir'>,
  { vfs, handles }: SessionContext,
): Promise<Buffer> {
  const handle = await handles.open(async () => ({
    kind: 'folder',
    listing: await vfs.list(request.path),
    pending: [],
    started: false,
    ended: false,
  }));
  return encodeHandle(request.id, handle);
}

/** READDIR [filexfer-02 6.7]: as many entries as fit one reply; what did not fit leads the next one. */
export async function readdir(request: RequestOf<'readdir'>, context: SessionContext): Promise<Buffer> {
  const folder = context.handles.folder(request.handle);
  if (!folder.started) {
    folder.started = true;
    folder.pending.push(...(await dotEntries(context.vfs, folder.listing.path)));
  }
  if (!folder.ended && folder.pending.length < batch) {
    const fetched = await folder.listing.next(batch);
    if (fetched.length === 0) folder.ended = true;
    folder.pending.push(...fetched);
  }
  if (folder.pending.length === 0) throw new Fault('end-of-file');

  const now = context.now();
  const entries: NameEntry[] = [];
  let length = 0;
  for (const entry of folder.pending) {
    const named = nameEntry(entry, context.person, now);
    length += named.name.length + named.longname.length + entryOverhead;
    if (length > maxListingReply - 13 && entries.length > 0) break;
    entries.push(named);
  }
  folder.pending.splice(0, entries.length);
  return encodeName(request.id, entries);
}

interface NameEntry {
  readonly name: ByteString;
  readonly longname: ByteString;
  readonly attrs: ReturnType<typeof attrsOf>;
}

function nameEntry({ name, stats }: Entry, person: Person, now: Date): NameEntry {
  const attrs = attrsOf(stats);
  return {
    name,
    attrs,
    longname: longname({ name, attrs, nlink: stats.nlink, owner: person.name, group: person.name, now }),
  };
}

/** `.` and `..`, which OpenSSH's server lists too; a folder that vanished meanwhile has neither. */
async function dotEntries(vfs: Vfs, path: ByteString): Promise<Entry[]> {
  try {
    const stats = await Promise.all([path, `${path}/..`].map((folder) => vfs.stat(folder, { follow: true })));
    return stats.map((one, index) => ({ name: index === 0 ? '.' : '..', stats: one }));
  } catch {
    return [];
  }
}

/** MKDIR [filexfer-02 6.6]. */
export async function mkdir(request: RequestOf<'mkdir'>, { vfs }: SessionContext): Promise<Buffer> {
  await vfs.mkdir(request.path, setAttributesOf(request.attrs).mode ?? 0o777);
  return success(request.id);
}

/** RMDIR [filexfer-02 6.6]. */
export async function rmdir(request: RequestOf<'rmdir'>, { vfs }: SessionContext): Promise<Buffer> {
  await vfs.rmdir(request.path);
  return success(request.id);
}
