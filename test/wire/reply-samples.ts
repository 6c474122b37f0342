import type { Reply } from '../../src/wire/codec.js';

interface Sample<R> {
  readonly packet: R;
  /** The packet without its uint32 length, written out by hand. */
  readonly bytes: string;
  /** Lengths below the whole at which the packet is complete too. */
  readonly alsoWhole?: readonly number[];
}

type Samples = { readonly [K in Reply['kind']]: Sample<Extract<Reply, { readonly kind: K }>> };

const filesystem = {
  bsize: 512,
  frsize: 512,
  blocks: 195312,
  bfree: 2,
  bavail: 2,
  files: 5,
  ffree: 6,
  favail: 6,
  fsid: 0,
  flag: 3,
  namemax: 255,
};

const filesystemBytes =
  ' 0000000000000200 0000000000000200 000000000002faf0 0000000000000002 0000000000000002' +
  ' 0000000000000005 0000000000000006 0000000000000006 0000000000000000 0000000000000003 00000000000000ff';

/** One of each reply, with bytes that no other code has made. */
export const replySamples: Samples = {
  version: {
    packet: { kind: 'version', version: 3, extensions: [['copy-data', '1']] },
    bytes: '02 00000003 00000009 "copy-data" 00000001 "1"',
    alsoWhole: [5],
  },
  status: {
    packet: { kind: 'status', id: 1, code: 4, message: 'caf\u00e9', language: 'fr' },
    bytes: '65 00000001 00000004 00000005 "caf" c3a9 00000002 "fr"',
    // Servers of before version 3 send neither text.
    alsoWhole: [9, 18],
  },
  handle: {
    packet: { kind: 'handle', id: 2, handle: '\x00\x01' },
    bytes: '66 00000002 00000002 0001',
  },
  data: {
    packet: { kind: 'data', id: 3, length: 4, data: [Buffer.from([0xde, 0xad, 0xbe, 0xef])] },
    bytes: '67 00000003 00000004 deadbeef',
  },
  name: {
    packet: {
      kind: 'name',
      id: 4,
      entries: [
        { name: 'a', longname: 'l a', attrs: { size: 1, permissions: 0o40755 } },
        { name: '\xff', longname: '', attrs: {} },
      ],
    },
    bytes:
      '68 00000004 00000002 00000001 "a" 00000003 "l a" 00000005 0000000000000001 000041ed' +
      ' 00000001 ff 00000000 00000000',
  },
  attrs: {
    packet: { kind: 'attrs', id: 5, attrs: { uid: 1, gid: 2 } },
    bytes: '69 00000005 00000002 00000001 00000002',
  },
  'limits@openssh.com': {
    packet: {
      kind: 'limits@openssh.com',
      id: 6,
      maxPacketLength: 262144,
      maxReadLength: 261120,
      maxWriteLength: 261120,
      maxOpenHandles: 256,
    },
    bytes: 'c9 00000006 0000000000040000 000000000003fc00 000000000003fc00 0000000000000100',
  },
  'statvfs@openssh.com': {
    packet: { kind: 'statvfs@openssh.com', id: 7, ...filesystem },
    bytes: `c9 00000007 ${filesystemBytes}`,
  },
  'fstatvfs@openssh.com': {
    packet: { kind: 'fstatvfs@openssh.com', id: 8, ...filesystem },
    bytes: `c9 00000008 ${filesystemBytes}`,
  },
  'users-groups-by-id@openssh.com': {
    packet: {
      kind: 'users-groups-by-id@openssh.com',
      id: 9,
      usernames: ['root', ''],
      groupnames: ['users'],
    },
    bytes: 'c9 00000009 0000000c 00000004 "root" 00000000 00000009 00000005 "users"',
  },
  'space-available': {
    packet: {
      kind: 'space-available',
      id: 10,
      bytesOnDevice: 100_000_000,
      unusedBytesOnDevice: 1,
      bytesAvailableToUser: 100_000_000,
      unusedBytesAvailableToUser: 1,
      bytesPerAllocationUnit: 512,
    },
    bytes: 'c9 0000000a 0000000005f5e100 0000000000000001 0000000005f5e100 0000000000000001 00000200',
  },
  'check-file': {
    packet: { kind: 'check-file', id: 11, algorithm: 'crc32', hashes: Buffer.from('cbf43926', 'hex') },
    bytes: 'c9 0000000b 0000000a "check-file" 00000005 "crc32" cbf43926',
    alsoWhole: [28, 29, 30, 31],
  },
  'check-file-name': {
    packet: { kind: 'check-file-name', id: 12, algorithm: 'crc32', hashes: Buffer.from('cbf43926', 'hex') },
    bytes: 'c9 0000000c 00000005 "crc32" cbf43926',
    alsoWhole: [14, 15, 16, 17],
  },
  'check-file-handle': {
    packet: { kind: 'check-file-handle', id: 13, algorithm: 'crc32', hashes: Buffer.alloc(0) },
    bytes: 'c9 0000000d 00000005 "crc32"',
  },
  'md5-hash': {
    packet: { kind: 'md5-hash', id: 14, hash: Buffer.from('d41d8cd98f00b204e9800998ecf8427e', 'hex') },
    bytes: 'c9 0000000e 00000008 "md5-hash" 00000010 d41d8cd98f00b204e9800998ecf8427e',
  },
  'md5-hash-handle': {
    packet: { kind: 'md5-hash-handle', id: 15, hash: Buffer.alloc(0) },
    bytes: 'c9 0000000f 00000008 "md5-hash" 00000000',
  },
  'account-status@plimsoll': {
    packet: { kind: 'account-status@plimsoll', id: 16, status: '{"account":"\u00e9"}' },
    // A quote is a quote of the notation: 22 is one on the wire.
    bytes: 'c9 00000010 00000010 "{" 22 "account" 22 ":" 22 c3a9 22 "}"',
  },
};
