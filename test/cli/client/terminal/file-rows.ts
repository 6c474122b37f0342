import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { mode, names, read, row, write, type Row, type Sides } from './row.js';

/** What has to be at the server afterwards, among the files that were there. */
const leaves =
  (...wanted: readonly string[]) =>
  ({ there }: Sides): void => {
    expect(names(there)).toEqual(wanted);
  };
const equal = (found: unknown, wanted: unknown): void => expect(found).toEqual(wanted);
const all = ['.hidden', 'docs', 'empty', 'notes.txt'];

const folders: readonly Row[] = [
  row(['pwd', 'cd docs', 'pwd', 'cd -', 'cd /', 'pwd', 'cd'], {
    shows: /pwd\s+\/.*\s+plim> cd docs[^]*\/docs\s[^]*pwd\s+\/\s/,
  }),
  row(['cd \\docs', 'ls', 'cd ..', 'cd'], { shows: /a\.txt +b\.txt/ }),
  row('cd nowhere', { fails: /nowhere.*no such/ }),
  row('cd notes.txt', { fails: /notes\.txt.*not a folder/ }),
  row('mkdir new', { after: ({ there }) => equal(mode(there, 'new'), 0o755) }),
  row('mkdir private 700', { after: ({ there }) => equal(mode(there, 'private'), 0o700) }),
  row('mkdir -p a/b/c', { after: ({ there }) => equal(names(there, 'a/b'), ['c']) }),
  row('mkdir --parents docs/b/c', { after: ({ there }) => equal(names(there, 'docs/b'), ['c']) }),
  row('mkdir docs', { fails: /docs.*exists/ }),
  row('rmdir empty', { after: leaves('.hidden', 'docs', 'notes.txt') }),
  row('rmdir docs', { fails: /docs.*not empty: 'rm -r docs'/, after: leaves(...all) }),
];

const removed: readonly Row[] = [
  row('rm notes.txt', { after: leaves('.hidden', 'docs', 'empty') }),
  row('rm docs', { fails: /is a folder: 'rmdir docs'.*'rm -r docs'/, after: leaves(...all) }),
  row('rm -r docs', { after: leaves('.hidden', 'empty', 'notes.txt') }),
  row('rm --recursive docs', { after: leaves('.hidden', 'empty', 'notes.txt') }),
  row('rm docs/*.txt', { after: ({ there }) => equal(names(there, 'docs'), []) }),
  row('rm nowhere', { fails: /nowhere.*no such/ }),
  row('rm -f nowhere notes.txt', { after: leaves('.hidden', 'docs', 'empty') }),
  row('rm --force nowhere notes.txt', { after: leaves('.hidden', 'docs', 'empty') }),
  row('delete notes.txt', { after: leaves('.hidden', 'docs', 'empty') }),
  row('delete empty', { after: leaves('.hidden', 'docs', 'notes.txt') }),
  row('delete docs', { fails: /not empty: 'rm -r docs'/, after: leaves(...all) }),
];

const moved: readonly Row[] = ['rename', 'mv', 're'].flatMap((command) => [
  row(`${command} notes.txt old.txt`, {
    after: ({ there }) => equal(read(there, 'old.txt'), 'notes'),
  }),
  row(`${command} notes.txt docs`, {
    after: ({ there }) => equal(read(there, 'docs/notes.txt'), 'notes'),
  }),
  row(`${command} notes.txt docs/a.txt`, {
    fails: /docs\/a\.txt exists already/,
    after: ({ there }) => equal([read(there, 'notes.txt'), read(there, 'docs/a.txt')], ['notes', 'a']),
  }),
  ...['-f', '--force'].map((force) =>
    row(`${command} ${force} notes.txt docs/a.txt`, {
      after: ({ there }) => {
        equal(read(there, 'docs/a.txt'), 'notes');
        equal(existsSync(join(there, 'notes.txt')), false);
      },
    }),
  ),
]);

const copied: readonly Row[] = [
  row('cp notes.txt copy.txt', {
    after: ({ there }) => equal([read(there, 'copy.txt'), read(there, 'notes.txt')], ['notes', 'notes']),
  }),
  row('cp docs copies', { fails: /is a folder: 'cp -r docs copies'/, after: leaves(...all) }),
  ...['-r', '--recursive'].map((recursive) =>
    row(`cp ${recursive} docs copies`, { after: ({ there }) => equal(read(there, 'copies/b.txt'), 'bb') }),
  ),
  row('cp notes.txt docs/a.txt', {
    fails: /docs\/a\.txt exists already/,
    after: ({ there }) => equal(read(there, 'docs/a.txt'), 'a'),
  }),
  ...['-f', '--force', '-f --through-client'].map((force) =>
    row(`cp ${force} notes.txt docs/a.txt`, {
      after: ({ there }) => equal(read(there, 'docs/a.txt'), 'notes'),
    }),
  ),
];

const asRoot = process.getuid?.() === 0;
/** Only root gives files away; at ours nobody does. */
const givenAway = (command: 'chown' | 'chgrp', which: 'uid' | 'gid'): readonly Row[] => [
  ...['', '-h ', '--link '].flatMap((link) => [
    row(`${command} ${link}1234 notes.txt`, {
      only: ['plimsoll'],
      fails: /notes\.txt/,
      after: ({ there }) => expect(statSync(join(there, 'notes.txt'))[which]).not.toBe(1234),
    }),
    row(`${command} ${link}1234 notes.txt`, {
      only: ['OpenSSH'],
      ...(!asRoot && { fails: /notes\.txt/ }),
      after: ({ there }) => expect(statSync(join(there, 'notes.txt'))[which] === 1234).toBe(asRoot),
    }),
  ]),
  row(`${command} nobody notes.txt`, { fails: /by number/ }),
];

const changed: readonly Row[] = [
  ...[
    'chmod 640 notes.txt',
    'chmod notes.txt 640',
    'chmod -h 640 notes.txt',
    'chmod --link 640 notes.txt',
  ].map((typed) => row(typed, { after: ({ there }) => equal(mode(there, 'notes.txt'), 0o640) })),
  row('chmod notes.txt', { after: ({ there }) => equal(mode(there, 'notes.txt'), 0o755) }),
  row('chmod 888 notes.txt', {
    fails: /'888' is not a mode: write three digits 0-7/,
    after: ({ there }) => equal(mode(there, 'notes.txt'), 0o644),
  }),
  ...['-R', '--recursive'].map((recursive) =>
    row(`chmod ${recursive} 700 docs`, {
      after: ({ there }) => equal([mode(there, 'docs'), mode(there, 'docs/a.txt')], [0o700, 0o700]),
    }),
  ),
  ...givenAway('chown', 'uid'),
  ...givenAway('chgrp', 'gid'),
];

const linked: readonly Row[] = [
  row('ln notes.txt more.txt', {
    after: ({ there }) =>
      equal(lstatSync(join(there, 'more.txt')).ino, lstatSync(join(there, 'notes.txt')).ino),
  }),
  ...['ln -s', 'ln --symbolic', 'symlink'].map((typed) =>
    row(`${typed} notes.txt link`, {
      after: ({ there }) => equal(readlinkSync(join(there, 'link')), 'notes.txt'),
    }),
  ),
  row('ln docs more', { fails: /is a folder.*ln -s/ }),
];

const quoted: readonly Row[] = [
  row(`mv notes.txt "it's a \\"name\\".txt"`, {
    after: leaves('.hidden', 'docs', 'empty', 'it\'s a "name".txt'),
  }),
  row('rm \'a b\' c\\ d "[e]"', {
    before: ({ there }) => write(there, { 'a b': '', 'c d': '', '[e]': '', e: '' }),
    after: leaves('.hidden', 'docs', 'e', 'empty', 'notes.txt'),
  }),
  row(['# rm notes.txt', '-rm nowhere', 'unknown'], {
    fails: /nowhere[^]*no command 'unknown'/,
    after: leaves(...all),
  }),
];

/** Rows about files and folders of the server. */
export const fileRows: readonly Row[] = [
  ...folders,
  ...removed,
  ...moved,
  ...copied,
  ...changed,
  ...linked,
  ...quoted,
];
