import { Fault } from '../fault.js';
import { dataHeaderLength } from '../wire/codec.js';
import { maxBlock } from '../wire/limits.js';
import { hashesReply, maxListingReply, namesReply, pathReply, smallReply } from './reply-sizes.js';
import type { OperationTable } from './operation.js';
import { copyData, copyFile } from './requests/copies.js';
import { close, fsetstat, fstat, fsync, open, read, write } from './requests/files.js';
import { mkdir, opendir, readdir, rmdir } from './requests/folders.js';
import { checkFile, checkFileHandle, checkFileName, md5Hash, md5HashHandle } from './requests/hashes.js';
import * as paths from './requests/paths.js';
import * as people from './requests/people.js';
import { fstatvfs, spaceAvailable, statvfs } from './requests/space.js';

/**
 * One row for each request. Rules about requests stand here; rules about files (read-only, quota, permissions) stand
 * in the wrappers around the Vfs, so that exec commands obey them too, and OPEN needs no exception.
 */
// prettier-ignore
export const operations = {
  open:      { effect: 'write', lane: 'paths',  reply: smallReply,      run: open },
  close:     { effect: 'write', lane: 'handle', reply: smallReply,      run: close },
  read:      { effect: 'read',  lane: 'handle', reply: ({ length }) => dataHeaderLength + Math.min(length, maxBlock) + smallReply, run: read },
  write:     { effect: 'write', lane: 'handle', reply: smallReply,      run: write },
  lstat:     { effect: 'read',  lane: 'paths',  reply: smallReply,      run: paths.lstat },
  stat:      { effect: 'read',  lane: 'paths',  reply: smallReply,      run: paths.stat },
  fstat:     { effect: 'read',  lane: 'handle', reply: smallReply,      run: fstat },
  setstat:   { effect: 'write', lane: 'paths',  reply: smallReply,      run: paths.setstat },
  fsetstat:  { effect: 'write', lane: 'handle', reply: smallReply,      run: fsetstat },
  opendir:   { effect: 'read',  lane: 'paths',  reply: smallReply,      run: opendir },
  readdir:   { effect: 'read',  lane: 'listing', reply: maxListingReply, run: readdir },
  remove:    { effect: 'write', lane: 'paths',  reply: smallReply,      run: paths.remove },
  mkdir:     { effect: 'write', lane: 'paths',  reply: smallReply,      run: mkdir },
  rmdir:     { effect: 'write', lane: 'paths',  reply: smallReply,      run: rmdir },
  realpath:  { effect: 'read',  lane: 'paths',  reply: pathReply,       run: paths.realpath },
  rename:    { effect: 'write', lane: 'paths',  reply: smallReply,      run: paths.rename },
  readlink:  { effect: 'read',  lane: 'paths',  reply: pathReply,       run: paths.readlink },
  symlink:   { effect: 'write', lane: 'paths',  reply: smallReply,      run: paths.symlink },

  'posix-rename@openssh.com': { effect: 'write', lane: 'paths',  reply: smallReply, run: paths.posixRename },
  'hardlink@openssh.com':     { effect: 'write', lane: 'paths',  reply: smallReply, run: paths.hardlink },
  'lsetstat@openssh.com':     { effect: 'write', lane: 'paths',  reply: smallReply, run: paths.lsetstat },
  'statvfs@openssh.com':      { effect: 'read',  lane: 'paths',  reply: smallReply, run: statvfs },
  'fstatvfs@openssh.com':     { effect: 'read',  lane: 'handle', reply: smallReply, run: fstatvfs },
  'space-available':          { effect: 'read',  lane: 'paths',  reply: smallReply, run: spaceAvailable },
  'fsync@openssh.com':        { effect: 'write', lane: 'handle', reply: smallReply, run: fsync },
  'limits@openssh.com':       { effect: 'read',  lane: 'none',   reply: smallReply, run: people.limits },
  'expand-path@openssh.com':  { effect: 'read',  lane: 'paths',  reply: pathReply,  run: people.expandPath },
  'home-directory':           { effect: 'read',  lane: 'none',   reply: smallReply, run: people.homeDirectory },
  'users-groups-by-id@openssh.com': { effect: 'read', lane: 'none', reply: ({ uids, gids }) => namesReply(uids.length + gids.length), run: people.usersGroups },
  'vendor-id':                { effect: 'read',  lane: 'none',   reply: smallReply, run: people.vendorId },
  'account-status@plimsoll':  { effect: 'read',  lane: 'paths',  reply: pathReply,  run: people.accountStatus },
  'copy-data':                { effect: 'write', lane: 'paths',  reply: smallReply, run: copyData },
  'copy-file':                { effect: 'write', lane: 'paths',  reply: smallReply, run: copyFile },
  'check-file-name':          { effect: 'read',  lane: 'paths',  reply: hashesReply, run: checkFileName },
  'check-file-handle':        { effect: 'read',  lane: 'handle', reply: hashesReply, run: checkFileHandle },
  'check-file':               { effect: 'read',  lane: 'handle', reply: hashesReply, run: checkFile },
  'md5-hash':                 { effect: 'read',  lane: 'paths',  reply: smallReply, run: md5Hash },
  'md5-hash-handle':          { effect: 'read',  lane: 'handle', reply: smallReply, run: md5HashHandle },

  'unknown-extension': { effect: 'read', lane: 'none', reply: smallReply, run: () => { throw new Fault('unsupported', 'this extension is not known here'); } },
  unknown:             { effect: 'read', lane: 'none', reply: smallReply, run: () => { throw new Fault('unsupported', 'this request is not known here'); } },
} as const satisfies OperationTable;
