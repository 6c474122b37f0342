import { attrs } from './attrs.js';
import { extension, type Extension } from './extension.js';
import {
  after,
  bool,
  bytes,
  figure,
  handle,
  idList,
  path,
  rest,
  text,
  u32,
  u64,
  word,
  wordList,
  type Pair,
} from './fields.js';
import type { Fields, ValuesOf } from './row.js';

/** [PROTOCOL 4.3] */
const filesystem = {
  bsize: figure,
  frsize: figure,
  blocks: figure,
  bfree: figure,
  bavail: figure,
  files: figure,
  ffree: figure,
  favail: figure,
  fsid: figure,
  flag: figure,
  namemax: figure,
} as const;

/** The flags of statvfs. [PROTOCOL 4.3] */
export const filesystemFlags = { readOnly: 1, noSetuid: 2 } as const;

const hashRange = { algorithms: word, start: u64, length: u64, blockSize: u32 } as const;
const md5Range = { start: u64, length: u64, quickCheck: bytes } as const;

export const taggedAlgorithm = after('check-file', word);
export const taggedHash = after('md5-hash', bytes);

/** ProFTPD and WinSCP: no tag before the algorithm. [PROTOCOL 4.13] */
const plainHashes = { algorithm: word, hashes: rest } as const;
/** paramiko: as filexfer-09 9.1.2 draws it. [PROTOCOL 4.13] */
const taggedHashes = { algorithm: taggedAlgorithm, hashes: rest } as const;
const md5Reply = { hash: taggedHash } as const;

const startToEnd = [['start', 'length']] as const;

/** Every extension of PROTOCOL 4, by its name on the wire. */
export const extensions = {
  'limits@openssh.com': extension(
    '1',
    {},
    { maxPacketLength: figure, maxReadLength: figure, maxWriteLength: figure, maxOpenHandles: figure },
  ),
  'posix-rename@openssh.com': extension('1', { from: path, to: path }, 'status'),
  'statvfs@openssh.com': extension('2', { path }, filesystem),
  'fstatvfs@openssh.com': extension('2', { handle }, filesystem),
  'hardlink@openssh.com': extension('1', { existing: path, name: path }, 'status'),
  'fsync@openssh.com': extension('1', { handle }, 'status'),
  'lsetstat@openssh.com': extension('1', { path, attrs }, 'status'),
  'expand-path@openssh.com': extension('1', { path }, 'name'),
  'copy-data': extension(
    '1',
    { from: handle, fromOffset: u64, length: u64, to: handle, toOffset: u64 },
    'status',
    [
      ['fromOffset', 'length'],
      ['toOffset', 'length'],
    ],
  ),
  'copy-file': extension('1', { from: path, to: path, overwrite: bool }, 'status'),
  'home-directory': extension('1', { user: word }, 'name'),
  'users-groups-by-id@openssh.com': extension(
    '1',
    { uids: idList, gids: idList },
    { usernames: wordList, groupnames: wordList },
  ),
  'space-available': extension(
    '1',
    { path },
    {
      bytesOnDevice: figure,
      unusedBytesOnDevice: figure,
      bytesAvailableToUser: figure,
      unusedBytesAvailableToUser: figure,
      bytesPerAllocationUnit: u32,
    },
  ),
  'check-file': extension('1', { handle, ...hashRange }, taggedHashes, startToEnd),
  // WinSCP and the draft look for `check-file` alone; announced by their own names these two would
  // promise mina-sshd's client the dialect it speaks.
  'check-file-name': extension(null, { path, ...hashRange }, plainHashes, startToEnd),
  'check-file-handle': extension(null, { handle, ...hashRange }, plainHashes, startToEnd),
  'md5-hash': extension('1', { path, ...md5Range }, md5Reply, startToEnd),
  'md5-hash-handle': extension('1', { handle, ...md5Range }, md5Reply, startToEnd),
  // Its value in VERSION is a structure, see `vendorIdPair`.
  'vendor-id': extension(null, { vendor: text, product: text, version: text, build: figure }, 'status'),
  'account-status@plimsoll': extension('1', {}, { status: text }),
} as const satisfies Readonly<Record<string, Extension>>;

export type { Extension } from './extension.js';

export type ExtensionName = keyof typeof extensions;
export type ExtensionFields<K extends ExtensionName> = ValuesOf<(typeof extensions)[K]['request']>;

/** Extensions that are answered by EXTENDED_REPLY. */
export type ExtensionWithReply = {
  [K in ExtensionName]: (typeof extensions)[K]['reply'] extends Fields ? K : never;
}[ExtensionName];

/** The fields of the EXTENDED_REPLY to `K`. */
export type ReplyOf<K extends ExtensionWithReply> = (typeof extensions)[K]['reply'] extends infer R extends
  Fields
  ? ValuesOf<R>
  : never;

/** What VERSION says about the rows that are announced. [PROTOCOL 4] */
export const advertised: readonly Pair[] = Object.entries(extensions).flatMap(([name, { version }]) =>
  version === null ? [] : [[name, version] as const],
);

const names = new Map<string, ExtensionName>(
  Object.keys(extensions).map((name) => [name, name as ExtensionName]),
);

/** The row's name if there is one; names off the wire never index the table itself. */
export function extensionName(name: string): ExtensionName | null {
  return names.get(name) ?? null;
}
