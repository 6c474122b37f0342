import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { mode, names, row, write, type Row } from './row.js';

const hashOf = (algorithm: string, data: string): string => createHash(algorithm).update(data).digest('hex');
const md5 = hashOf('md5', 'notes');
const sha256 = hashOf('sha256', 'notes');

const about: readonly Row[] = [
  ...['info', 'info -a', 'info --all'].map((typed) =>
    row(typed, {
      before: ({ there }) => write(there, { 'docs/b.iso.filepart': 'begun' }),
      shows:
        /used +\S+[^]*limit +\S+[^]*free +\S+[^]*files +\d*[^]*1 partial uploads[^]*docs\/b\.iso\.filepart/,
    }),
  ),
  ...['info -q', 'info --quick'].map((typed) =>
    row(typed, {
      shows: /used +\S+/,
      after: (_sides, shown) => expect(shown).not.toContain('partial'),
    }),
  ),
  row('info notes.txt', { shows: new RegExp(`size +5 B[^]*mode +644[^]*modified +20[^]*md5 +${md5}`) }),
  row('info --algorithm sha256 notes.txt', { shows: new RegExp(`sha256 +${sha256}`) }),
  row('info -q notes.txt', { after: (_sides, shown) => expect(shown).not.toContain(md5) }),
  row('info nowhere', { fails: /nowhere.*no such/ }),
  row('status', {
    shows: {
      plimsoll:
        /account +alice[^]*role +user[^]*state +active[^]*expires +never[^]*last login[^]*server +127\.0\.0\.1:\d+, Plimsoll[^]*client +plim/,
      OpenSSH: /account +\S+[^]*role +not said by this server[^]*used +\d[^]*OpenSSH[^]*client +plim/,
      'OpenSSH without a shell': /OpenSSH/,
    },
  }),
  row('system', {
    shows: {
      plimsoll: /platform +\S+[^]*product +Plimsoll[^]*protocol +SFTP version 3[^]*account-status@plimsoll/,
      OpenSSH: /platform +not said[^]*product +OpenSSH[^]*protocol +SFTP version 3[^]*statvfs@openssh\.com 2/,
      'OpenSSH without a shell': /OpenSSH/,
    },
  }),
  row('df', { shows: /Size +Used +Avail +%Capacity\s+\d+ +\d+ +\d+ +\d+%/ }),
  ...['df -h', 'df --human'].map((typed) => row(typed, { shows: /\d [KMGT]B +\S+ B|\d [KMGT]B/ })),
  ...['df -i', 'df --inodes docs'].map((typed) => row(typed, { shows: /Inodes +Used +Avail/ })),
  row('du docs', { shows: /\b3 {2}docs/ }),
  ...['-h', '--human'].map((human) =>
    row(`du ${human} docs notes.txt`, { shows: /3 B {2}docs\s+5 B {2}notes/ }),
  ),
  row('version', { shows: /plim \d+\.\d+\.\d+\s+SFTP protocol version 3\s+server SSH-2\.0-/ }),
];

const hashed: readonly Row[] = [
  row('hash notes.txt docs/*', { shows: new RegExp(`${md5} {2}notes\\.txt[^]*docs/b\\.txt`) }),
  row('hash --algorithm sha256 notes.txt', { shows: new RegExp(`${sha256} {2}notes\\.txt`) }),
  row('hash --read notes.txt', { shows: new RegExp(`${md5} {2}notes\\.txt`) }),
  row('hash --algorithm md6 notes.txt', { fails: /md6/ }),
  row('verify notes.txt', {
    before: ({ here }) => write(here, { 'notes.txt': 'notes' }),
    shows: new RegExp(`${md5}[^]*${md5}[^]*MD5 equal`),
  }),
  row('verify --algorithm sha256 notes.txt report.txt', {
    before: ({ here }) => write(here, { 'report.txt': 'notes' }),
    shows: /SHA256 equal/,
  }),
  row('verify --read notes.txt report.txt', { fails: /MD5 differs/ }),
];

const local: readonly Row[] = [
  row(['lcd photos', 'lpwd', 'lcd -', 'lpwd'], { shows: /\/here\/photos\s[^]*\/here\s/ }),
  row('lcd nowhere', { fails: /nowhere.*(no such|not there)/ }),
  row('lmkdir new', { after: ({ here }) => expect(mode(here, 'new')).toBe(0o755) }),
  row('lmkdir private 700', { after: ({ here }) => expect(mode(here, 'private')).toBe(0o700) }),
  ...['-p', '--parents'].map((parents) =>
    row(`lmkdir ${parents} a/b/c`, { after: ({ here }) => expect(names(here, 'a/b')).toEqual(['c']) }),
  ),
  row('!mkdir made && echo "a  b" > made/out', {
    after: ({ here }) => expect(statSync(join(here, 'made/out')).size).toBe(5),
  }),
  row('! touch typed', { after: ({ here }) => expect(existsSync(join(here, 'typed'))).toBe(true) }),
  row('!false', { fails: /!false ended with status 1/ }),
  row('!', {
    answers: [[/[#$%] $/, 'touch by-a-shell; exit\r']],
    after: ({ here }) => expect(existsSync(join(here, 'by-a-shell'))).toBe(true),
  }),
];

const program: readonly Row[] = [
  ...['help', '?'].map((typed) => row(typed, { shows: /mget +fetch[^]*rmdir +remove/ })),
  row('help get', { shows: /get[^]*--resume[^]*Exit codes/ }),
  row('get --help', { shows: /get[^]*--resume[^]*Exit codes/ }),
  row('help codes', { shows: /404 +not-found/ }),
  row('codes', { shows: /CODE[^]*200 +done[^]*404 +not-found/ }),
  row(['progress', 'progress', 'progress plain', 'progress off', 'progress on'], {
    shows: /is not shown[^]*is shown[^]*is shown[^]*is not shown[^]*is shown/,
  }),
  row('progress sideways', { fails: /write on, off or plain/ }),
];

/** Rows about what is told, here and there. */
export const tellRows: readonly Row[] = [...about, ...hashed, ...local, ...program];
