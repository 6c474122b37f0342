import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import type { Entry, Vfs } from '../../vfs/vfs.js';
import { encodeHandle, encodeName } from '../../wire/codec.js';
import { setAttributesOf } from '../attributes.js';
import type { SessionContext } from '../context.js';
import { success } from '../fault-to-status.js';
import type { Handles, OpenFolder } from '../handles.js';
import type { RequestOf } from '../operation.js';
import { largestEntry, ListingReply } from './listing-reply.js';

/** Entries asked of the filesystem at once, at most. */
const mostAtOnce = 512;

/** Entries that a session may keep for later replies; with more, only what surely fits is fetched. */
const mostKept = 1024;

/** OPENDIR [filexfer-02 6.7]. */
export async function opendir(
  request: RequestOf<'opendir'>,
  { vfs, handles }: SessionContext,
): Promise<Buffer> {
  return encodeHandle(request.id, await handles.openFolder(() => vfs.list(request.path)));
}

/** READDIR [filexfer-02 6.7]: as many entries as fit one reply; what did not fit leads the next one. */
export async function readdir(request: RequestOf<'readdir'>, context: SessionContext): Promise<Buffer> {
  const { vfs, handles, person, now } = context;
  const folder = handles.folder(request.handle);
  const reply = new ListingReply(person, now());
  let left = reply.add(folder.started ? folder.pending : await dotEntries(vfs, folder.listing.path));
  folder.started = true;
  while (left.length === 0 && !folder.ended) {
    const count = fitting(reply, folder, handles);
    if (count === 0) break;
    const fetched = await folder.listing.next(count).catch((thrown: unknown) => {
      if (reply.entries.length === 0) throw thrown;
      // What is here already is not lost; the next READDIR is told.
      return null;
    });
    if (!fetched) break;
    folder.ended = fetched.length === 0;
    left = reply.add(fetched);
    folder.entryBytes = reply.average;
  }
  handles.keep(folder, left);
  if (reply.entries.length === 0) throw new Fault('end-of-file');
  return encodeName(request.id, reply.entries);
}

/** How many entries more will fit, to judge by the folder's last ones; 0 when the reply is as good as full. */
function fitting({ room }: ListingReply, folder: OpenFolder, { pendingEntries }: Handles): number {
  const each = pendingEntries < mostKept ? folder.entryBytes : largestEntry;
  return room < 2 * largestEntry ? 0 : Math.min(mostAtOnce, Math.max(1, Math.floor(room / each)));
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
