import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { choosePlace } from '../../../src/cli/client/choose-place.js';
import { readArguments, type GivenArguments } from '../../../src/cli/client/arguments.js';
import { openProfiles } from '../../../src/cli/client/profiles.js';
import { freshHome, plimOn } from './in-process.js';

function person() {
  const home = freshHome();
  return { home, file: join(home, '.config/plim/profiles.json'), plim: plimOn({ home }) };
}

it('adds, lists, shows and removes', async () => {
  const { plim, file, home } = person();
  expect((await plim(['profile', 'list'])).stdout).toContain('no profiles; make one with: plim profile add');
  expect(existsSync(file)).toBe(false);
  const words = ['alice@[::1]:2222', '--key', 'keys/k', '--path', 'docs', '--retries', '9', '--rename'];
  expect(await plim(['profile', 'add', 'work', ...words])).toMatchObject({
    status: 0,
    stdout: 'added work: alice@[::1]:2222  docs; go there with: plim work:\n',
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  await plim(['profile', 'add', '-u', 'bob', 'home', 'host']);
  expect((await plim(['profile', 'list'])).stdout).toBe(
    'NAME  PLACE\nhome  bob@host\nwork  alice@[::1]:2222  docs\n',
  );
  const work = {
    name: 'work',
    host: '::1',
    path: 'docs',
    options: {
      user: 'alice',
      port: '2222',
      identity: [join(home, 'keys/k')],
      retries: '9',
      collision: 'rename',
    },
  };
  expect(JSON.parse((await plim(['--json', 'profile', 'list'])).stdout)).toMatchObject([
    { name: 'home' },
    work,
  ]);
  expect(JSON.parse((await plim(['profile', 'show', 'work', '--json'])).stdout)).toMatchObject(work);
  expect((await plim(['profile', 'show', 'work'])).stdout).toContain('  retries: 9\n');
  expect(await plim(['profile', 'remove', 'work'])).toMatchObject({ status: 0, stdout: 'removed work\n' });
  expect((await plim(['profile', 'list'])).stdout).not.toContain('work');
});

it('never keeps a password', async () => {
  const { plim, file } = person();
  for (const words of [
    ['alice@host', '-p', 'hunter2'],
    ['sftp://alice:hunter2@host'],
    ['-s', 'host', '-p', 'hunter2'],
  ]) {
    const { status, stdout, stderr } = await plim(['profile', 'add', 'work', ...words]);
    expect(status).toBe(2);
    expect(stdout + stderr).not.toContain('hunter2');
  }
  expect((await plim(['profile', 'add', 'work', 'alice@host', '-p', 'x'])).stderr).toContain(
    'a profile never holds a password',
  );
  expect(existsSync(file)).toBe(false);
});

it.each([
  [['add', 'work'], 2, 'usage: plim profile add NAME'],
  [['add', '../x', 'host'], 2, 'is no name for a profile'],
  [['add', '__proto__', 'host'], 2, 'is no name for a profile'],
  [['add', 'work', 'ho st'], 2, 'not a place to go to'],
  [['add', 'work', 'host', '--retries', 'many'], 2, '--retries takes a whole number'],
  [['add', 'work', 'host', '-o', 'Prot=1'], 2, "did you mean 'Port'?"],
  [['add', 'work', 'host', '-b', 'x'], 2, 'are not kept in a profile'],
  [['add', 'there', 'host'], 9, "there is a profile 'there' already"],
  [['show', 'thre'], 4, "there is no profile 'thre'; did you mean 'there'?"],
  [['remove', 'constructor'], 4, "there is no profile 'constructor'"],
  [['lits'], 2, "did you mean 'list'?"],
  [[], 2, 'plim profile takes a command'],
])('refuses profile %j', async (words, status, sentence) => {
  const { plim } = person();
  await plim(['profile', 'add', 'there', 'host']);
  const refused = await plim(['profile', ...words]);
  expect(refused).toMatchObject({ status, stdout: '' });
  expect(refused.stderr).toContain(sentence);
});

it.each([
  ['that is no JSON', '{'],
  ['with an option that is none', '{"profiles":{"a":{"host":"h","options":{"password":"x"}}}}'],
  ['with a name that is none', '{"profiles":{"../a":{"host":"h","options":{}}}}'],
  ['with a wrong kind of value', '{"profiles":{"a":{"host":"h","options":{"port":22}}}}'],
])('names a file %s, and leaves it alone', async (_what, text) => {
  const { plim, file } = person();
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  for (const words of [['list'], ['add', 'x', 'host']]) {
    const { status, stderr } = await plim(['profile', ...words]);
    expect(status).toBe(2);
    expect(stderr).toContain(`the profiles in ${file} cannot be read`);
  }
  expect(readFileSync(file, 'utf8')).toBe(text);
});

it('wins over a host of the same name where a colon follows, except before a port', async () => {
  const { plim, home } = person();
  await plim([
    'profile',
    'add',
    'work',
    'alice@files.example:2200',
    '--path',
    'docs',
    '--retries',
    '9',
    '-i',
    'k',
  ]);
  const store = openProfiles(join(home, '.config/plim'));
  const choose = (...words: readonly string[]) =>
    choosePlace(readArguments(words, '0') as GivenArguments, () => store.all(), {
      present: false,
      ask: () => Promise.reject(new Error('nobody is there')),
    });
  const alice = { user: 'alice', host: 'files.example', port: 2200 };
  expect(await choose('work:')).toMatchObject({
    place: { ...alice, path: 'docs' },
    options: { retries: '9' },
  });
  expect(await choose('work:other')).toMatchObject({
    place: { ...alice, path: 'other' },
    word: 'work:other',
  });
  expect(await choose('--retries', '1', '-i', 'j', '-u', 'bob', 'work:')).toMatchObject({
    place: { user: 'bob' },
    options: { retries: '1', identity: ['j', join(home, 'k')] },
    typed: { retries: '1' },
  });
  expect(await choose('work')).toMatchObject({ place: { host: 'work', user: null } });
  expect(await choose('work:22')).toMatchObject({ place: { host: 'work', port: 22 } });
  expect(await choose('wrk:dir')).toMatchObject({ place: { host: 'wrk', path: 'dir' } });
  expect(await choose('-s', 'work', '-P', '3')).toMatchObject({
    place: { host: 'work', port: 3, user: null },
  });
});
