import * as fs from 'node:fs';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { errnoOf } from './errno.js';
import { entry, reach, refuseOtherFilesystem, self, walking, type Held, type Jail } from './jail.js';
import { fileMode } from './modes.js';
import { kindOf, toStats } from './stats.js';
import type { OpenOptions, Stats } from './vfs.js';
import type { Place } from './walk.js';

export interface OpenRequest extends OpenOptions {
  readonly path: ByteString;
  /** Permission bits that new files lack. */
  readonly umask: number;
}

export interface Opened {
  /** Belongs to the caller, who closes it. */
  readonly descriptor: number;
  readonly stats: Stats;
  readonly created: boolean;
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** How often a name may appear and vanish between look and open before the request gives up. */
const maxAttempts = 64;

/**
 * Opens a regular file, never anything else, and creates it where asked. It does not truncate: that is the caller's,
 * who knows what else is open on the inode.
 */
export function open(jail: Jail, request: OpenRequest): Opened {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const opened = walking(jail, request.path, (walk) =>
      reach<Opened | null>(jail, walk, follows(request), {
        found: (held) => openExisting(jail, held, request),
        missing: (place) => createAt(jail, place, request),
      }),
    );
    if (opened) return opened;
  }
  throw new Fault('busy');
}

function follows({ create, exclusive, nofollow }: OpenRequest): boolean {
  return !nofollow && !(create && exclusive);
}

function access({ read, write, append, truncate }: OpenOptions): number {
  const writes = write === true || append === true;
  // Truncating needs the right to write, as open(2) with O_TRUNC has it; who asks for nothing else reads.
  if (!writes) return truncate ? O_RDWR : O_RDONLY;
  return (read ? O_RDWR : O_WRONLY) | (append ? O_APPEND : 0);
}

function openExisting(jail: Jail, { descriptor: held, stat }: Held, request: OpenRequest): Opened {
  if (request.create && request.exclusive) throw new Fault('exists');
  const kind = kindOf(stat.mode);
  if (kind === 'folder') throw new Fault('is-a-folder');
  if (kind !== 'file') throw new Fault('not-a-file');
  refuseOtherFilesystem(jail, stat);
  const descriptor = fs.openSync(self(held), access(request) | O_NONBLOCK);
  return { descriptor, stats: toStats(stat), created: false };
}

/** `null` where somebody else made the name first: to be looked at again from the start. */
function createAt(
  jail: Jail,
  { folder, name, folderOnly }: Place<number>,
  request: OpenRequest,
): Opened | null {
  if (!request.create) throw new Fault('not-found');
  if (folderOnly) throw new Fault('is-a-folder');
  const mode = fileMode(request.mode ?? 0o666, request.umask);
  let descriptor: number;
  try {
    const flags = access(request) | O_CREAT | O_EXCL | O_NOFOLLOW;
    descriptor = fs.openSync(entry(folder, name), flags, mode);
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') return null;
    throw thrown;
  }
  try {
    let stat = fs.fstatSync(descriptor);
    refuseOtherFilesystem(jail, stat);
    if ((stat.mode & 0o7777) !== mode) {
      // The umask of the process, or an ACL of the folder, had a say (J6 leaves them none).
      fs.fchmodSync(descriptor, mode);
      stat = fs.fstatSync(descriptor);
    }
    return { descriptor, stats: toStats(stat), created: true };
  } catch (thrown) {
    fs.closeSync(descriptor);
    throw thrown;
  }
}
