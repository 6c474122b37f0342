import type { KnownRequest } from '../../src/wire/codec.js';

interface Sample<R> {
  readonly packet: R;
  /** The packet without its uint32 length, written out by hand. */
  readonly bytes: string;
  /** Lengths below the whole at which the packet is complete too. */
  readonly alsoWhole?: readonly number[];
}

type Samples = { readonly [K in KnownRequest['kind']]: Sample<Extract<KnownRequest, { readonly kind: K }>> };

/** One of each request, with bytes that no other code has made. */
export const requestSamples: Samples = {
  init: {
    packet: {
      kind: 'init',
      version: 6,
      extensions: [
        ['a@b', '1'],
        ['c', ''],
      ],
    },
    bytes: '01 00000006 00000003 "a@b" 00000001 "1" 00000001 "c" 00000000',
    alsoWhole: [5, 17],
  },
  open: {
    packet: { kind: 'open', id: 1, path: '/a/b', flags: 0x1a, attrs: { permissions: 0o644 } },
    bytes: '03 00000001 00000004 "/a/b" 0000001a 00000004 000001a4',
  },
  close: {
    packet: { kind: 'close', id: 2, handle: 'h\x00\xff' },
    bytes: '04 00000002 00000003 6800ff',
  },
  read: {
    packet: { kind: 'read', id: 3, handle: 'h1', offset: 0x1_0000_0002, length: 0x8000 },
    bytes: '05 00000003 00000002 "h1" 0000000100000002 00008000',
  },
  write: {
    packet: {
      kind: 'write',
      id: 0xffffffff,
      handle: 'h1',
      offset: 0x1f_ffff_0000_0000,
      length: 5,
      data: [Buffer.from('hello')],
    },
    bytes: '06 ffffffff 00000002 "h1" 001fffff00000000 00000005 "hello"',
  },
  lstat: { packet: { kind: 'lstat', id: 4, path: '' }, bytes: '07 00000004 00000000' },
  fstat: { packet: { kind: 'fstat', id: 5, handle: 'h' }, bytes: '08 00000005 00000001 "h"' },
  setstat: {
    packet: {
      kind: 'setstat',
      id: 6,
      path: 'f',
      attrs: {
        size: 0x1_0000_0000,
        uid: 1000,
        gid: 100,
        permissions: 0o100644,
        atime: 0x7fffffff,
        mtime: 0x80000000,
      },
    },
    bytes: '09 00000006 00000001 "f" 0000000f 0000000100000000 000003e8 00000064 000081a4 7fffffff 80000000',
  },
  fsetstat: {
    packet: { kind: 'fsetstat', id: 7, handle: 'h', attrs: {} },
    bytes: '0a 00000007 00000001 "h" 00000000',
  },
  opendir: { packet: { kind: 'opendir', id: 8, path: '/' }, bytes: '0b 00000008 00000001 "/"' },
  readdir: { packet: { kind: 'readdir', id: 9, handle: 'd' }, bytes: '0c 00000009 00000001 "d"' },
  remove: {
    packet: { kind: 'remove', id: 10, path: '\xff\xfe' },
    bytes: '0d 0000000a 00000002 fffe',
  },
  mkdir: {
    packet: { kind: 'mkdir', id: 11, path: 'd', attrs: { atime: 1, mtime: 2 } },
    bytes: '0e 0000000b 00000001 "d" 00000008 00000001 00000002',
  },
  rmdir: { packet: { kind: 'rmdir', id: 12, path: 'd' }, bytes: '0f 0000000c 00000001 "d"' },
  realpath: { packet: { kind: 'realpath', id: 13, path: '.' }, bytes: '10 0000000d 00000001 "."' },
  stat: { packet: { kind: 'stat', id: 14, path: '/' }, bytes: '11 0000000e 00000001 "/"' },
  rename: {
    packet: { kind: 'rename', id: 15, from: 'a', to: 'bc' },
    bytes: '12 0000000f 00000001 "a" 00000002 "bc"',
  },
  readlink: { packet: { kind: 'readlink', id: 16, path: 'l' }, bytes: '13 00000010 00000001 "l"' },
  symlink: {
    packet: { kind: 'symlink', id: 17, first: 'one', second: 'two' },
    bytes: '14 00000011 00000003 "one" 00000003 "two"',
  },
  'limits@openssh.com': {
    packet: { kind: 'limits@openssh.com', id: 18 },
    bytes: 'c8 00000012 00000012 "limits@openssh.com"',
  },
  'posix-rename@openssh.com': {
    packet: { kind: 'posix-rename@openssh.com', id: 19, from: 'a', to: 'b' },
    bytes: 'c8 00000013 00000018 "posix-rename@openssh.com" 00000001 "a" 00000001 "b"',
  },
  'statvfs@openssh.com': {
    packet: { kind: 'statvfs@openssh.com', id: 20, path: '/' },
    bytes: 'c8 00000014 00000013 "statvfs@openssh.com" 00000001 "/"',
  },
  'fstatvfs@openssh.com': {
    packet: { kind: 'fstatvfs@openssh.com', id: 21, handle: 'h' },
    bytes: 'c8 00000015 00000014 "fstatvfs@openssh.com" 00000001 "h"',
  },
  'hardlink@openssh.com': {
    packet: { kind: 'hardlink@openssh.com', id: 22, existing: 'old', name: 'new' },
    bytes: 'c8 00000016 00000014 "hardlink@openssh.com" 00000003 "old" 00000003 "new"',
  },
  'fsync@openssh.com': {
    packet: { kind: 'fsync@openssh.com', id: 23, handle: 'h' },
    bytes: 'c8 00000017 00000011 "fsync@openssh.com" 00000001 "h"',
  },
  'lsetstat@openssh.com': {
    packet: { kind: 'lsetstat@openssh.com', id: 24, path: 'l', attrs: { size: 0 } },
    bytes: 'c8 00000018 00000014 "lsetstat@openssh.com" 00000001 "l" 00000001 0000000000000000',
  },
  'expand-path@openssh.com': {
    packet: { kind: 'expand-path@openssh.com', id: 25, path: '~/x' },
    bytes: 'c8 00000019 00000017 "expand-path@openssh.com" 00000003 "~/x"',
  },
  'copy-data': {
    packet: { kind: 'copy-data', id: 26, from: 'r', fromOffset: 1, length: 2, to: 'w', toOffset: 3 },
    bytes:
      'c8 0000001a 00000009 "copy-data" 00000001 "r" 0000000000000001 0000000000000002' +
      ' 00000001 "w" 0000000000000003',
  },
  'copy-file': {
    packet: { kind: 'copy-file', id: 27, from: 'a', to: 'b', overwrite: true },
    bytes: 'c8 0000001b 00000009 "copy-file" 00000001 "a" 00000001 "b" 01',
  },
  'home-directory': {
    packet: { kind: 'home-directory', id: 28, user: '' },
    bytes: 'c8 0000001c 0000000e "home-directory" 00000000',
  },
  'users-groups-by-id@openssh.com': {
    packet: { kind: 'users-groups-by-id@openssh.com', id: 29, uids: [0, 1000], gids: [100] },
    bytes:
      'c8 0000001d 0000001e "users-groups-by-id@openssh.com" 00000008 00000000 000003e8 00000004 00000064',
  },
  'space-available': {
    packet: { kind: 'space-available', id: 30, path: '/' },
    bytes: 'c8 0000001e 0000000f "space-available" 00000001 "/"',
  },
  'check-file': {
    packet: { kind: 'check-file', id: 31, handle: 'h', algorithms: 'md5', start: 0, length: 0, blockSize: 0 },
    bytes:
      'c8 0000001f 0000000a "check-file" 00000001 "h" 00000003 "md5"' +
      ' 0000000000000000 0000000000000000 00000000',
  },
  'check-file-name': {
    packet: {
      kind: 'check-file-name',
      id: 32,
      path: 'f',
      algorithms: 'sha256,md5',
      start: 1,
      length: 2,
      blockSize: 256,
    },
    bytes:
      'c8 00000020 0000000f "check-file-name" 00000001 "f" 0000000a "sha256,md5"' +
      ' 0000000000000001 0000000000000002 00000100',
  },
  'check-file-handle': {
    packet: {
      kind: 'check-file-handle',
      id: 33,
      handle: 'h',
      algorithms: 'sha1',
      start: 0x1_0000_0000,
      length: 1,
      blockSize: 0xffffffff,
    },
    bytes:
      'c8 00000021 00000011 "check-file-handle" 00000001 "h" 00000004 "sha1"' +
      ' 0000000100000000 0000000000000001 ffffffff',
  },
  'md5-hash': {
    packet: { kind: 'md5-hash', id: 34, path: 'f', start: 0, length: 9, quickCheck: Buffer.alloc(0) },
    bytes: 'c8 00000022 00000008 "md5-hash" 00000001 "f" 0000000000000000 0000000000000009 00000000',
  },
  'md5-hash-handle': {
    packet: {
      kind: 'md5-hash-handle',
      id: 35,
      handle: 'h',
      start: 1,
      length: 0,
      quickCheck: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
    },
    bytes:
      'c8 00000023 0000000f "md5-hash-handle" 00000001 "h" 0000000000000001 0000000000000000' +
      ' 00000010 00112233445566778899aabbccddeeff',
  },
  'vendor-id': {
    packet: { kind: 'vendor-id', id: 36, vendor: 'v', product: '\u00e9', version: '1.0', build: 7 },
    bytes: 'c8 00000024 00000009 "vendor-id" 00000001 "v" 00000002 c3a9 00000003 "1.0" 0000000000000007',
  },
  'account-status@plimsoll': {
    packet: { kind: 'account-status@plimsoll', id: 37 },
    bytes: 'c8 00000025 00000017 "account-status@plimsoll"',
  },
};
