import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsOn } from './in-process.js';
import { environment, freshRoot, plimsollOn, program } from './plimsoll.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8iywG3Cs2jQJZ2K6i3T1XPa1tbn9NRmuhTqAVmwBT0 laptop';

function rootWithKey() {
  const root = freshRoot();
  const keyFile = join(dirname(root), 'key.pub');
  writeFileSync(keyFile, `${key}\n`);
  return { root, keyFile, plimsoll: commandsOn(root) };
}

describe('plimsoll user', () => {
  it('adds an account with all options, and shows it in the shape that scripts read', async () => {
    const { root, keyFile } = rootWithKey();
    const plimsoll = plimsollOn(root);
    const added = await plimsoll(
      [
        'user',
        'add',
        'Alice',
        '--password-stdin',
        '--key',
        keyFile,
        '--quota',
        '5MiB',
        '--files',
        '100',
      ].concat(['--role', 'admin', '--read-only', '--expires', '2099-01-31']),
      { input: 'correct horse\n' },
    );
    expect(added).toEqual({
      status: 0,
      stdout: `account 'Alice' made: home ${root}/homes/Alice, 0 B of 5.2 MB used\n`,
      stderr: '',
    });
    writeFileSync(join(root, 'homes', 'Alice', 'file'), 'twelve bytes');
    const shown = await plimsoll(['user', 'show', 'alice', '--json']);
    expect(JSON.parse(shown.stdout)).toEqual({
      name: 'Alice',
      role: 'admin',
      state: 'active',
      home: join(root, 'homes', 'Alice'),
      quota: { bytes: 5 * 2 ** 20, files: 100 },
      readOnly: true,
      expires: '2099-01-31T00:00:00.000Z',
      keys: [
        {
          fingerprint: expect.stringMatching(/^SHA256:/) as string,
          type: 'ssh-ed25519',
          comment: 'laptop',
        },
      ],
      usage: { bytes: 12, files: 1 },
    });
    for (const folder of ['', 'keys', 'homes', 'var', 'etc', 'homes/Alice']) {
      expect(statSync(join(root, folder)).mode & 0o777, folder).toBe(0o700);
    }
    expect(statSync(join(root, 'var', 'plimsoll.db')).mode & 0o777).toBe(0o600);
    const audit = readFileSync(join(root, 'var', 'audit.log'), 'utf8');
    expect(JSON.parse(audit)).toMatchObject({ event: 'account.changed', account: 'Alice', change: 'added' });
    expect(audit).not.toContain('correct horse');
  });

  it('lists accounts, no limit being null, and under its alias', async () => {
    const { plimsoll, keyFile } = rootWithKey();
    await plimsoll(['user', 'add', 'bob', '--key', keyFile, '--quota', 'none']);
    await plimsoll(['user', 'add', 'ann', '--key', keyFile]);
    const listed = JSON.parse((await plimsoll(['--json', 'user', 'ls'])).stdout) as {
      name: string;
      quota: unknown;
    }[];
    expect(listed.map(({ name, quota }) => ({ name, quota }))).toEqual([
      { name: 'ann', quota: { bytes: 100_000_000, files: null } },
      { name: 'bob', quota: { bytes: null, files: null } },
    ]);
    const text = await plimsoll(['user', 'list']);
    expect(text.stdout).toMatch(/^NAME +ROLE +STATE +LINE +HOME\nann +user +active +0 B of 100 MB used/);
  });

  it('changes, locks, renames and removes an account', async () => {
    const { root, keyFile } = rootWithKey();
    const plimsoll = plimsollOn(root);
    await plimsoll(['user', 'add', 'carol', '--key', keyFile, '--read-only']);
    const set = await plimsoll([
      'user',
      'set',
      'carol',
      '--quota',
      '1GB',
      '--no-read-only',
      '--expires',
      '2000-01-01',
    ]);
    expect(set).toMatchObject({ status: 0, stderr: '' });
    expect(set.stdout).toBe('carol: may write\ncarol: expires 2000-01-01T00:00:00.000Z\ncarol: line 1 GB\n');
    expect((await plimsoll(['user', 'set', 'carol', '--quota', '1GB'])).stdout).toBe('nothing to change\n');
    expect((await plimsoll(['user', 'show', 'carol'])).stdout).toMatch(/^state +expired$/m);
    expect((await plimsoll(['user', 'lock', 'carol'])).stdout).toBe('carol: locked\n');
    const locked = JSON.parse((await plimsoll(['user', 'lock', 'carol', '--json'])).stdout) as {
      state: string;
    };
    expect(locked.state).toBe('locked');
    expect((await plimsoll(['user', 'unlock', 'carol'])).stdout).toBe('carol: unlocked\n');
    expect(
      (await plimsoll(['user', 'passwd', 'carol', '--password-stdin'], { input: 'new secret' })).stdout,
    ).toBe('carol: password changed\n');
    expect((await plimsoll(['user', 'rename', 'carol', 'dave'])).status).toBe(0);

    const refused = await plimsoll(['user', 'remove', 'dave']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toBe(
      "plimsoll: this would remove the account 'dave', and there is no terminal to ask on: say --yes if that is meant\n",
    );
    expect((await plimsoll(['user', 'rm', 'dave', '--yes'])).status).toBe(0);
    expect(existsSync(join(root, 'homes', 'carol'))).toBe(true);
    expect((await plimsoll(['user', 'show', 'dave'])).status).toBe(4);
  });

  it('deletes a home only when told to, and what links in it point at never (J1)', async () => {
    const { root, plimsoll, keyFile } = rootWithKey();
    await plimsoll(['user', 'add', 'eve', '--key', keyFile]);
    const home = join(root, 'homes', 'eve');
    mkdirSync(join(home, 'a', 'b'), { recursive: true });
    writeFileSync(join(home, 'a', 'b', 'file'), '');
    const outside = join(dirname(root), 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), '');
    symlinkSync(outside, join(home, 'a', 'link'));
    const removed = await plimsoll(['user', 'remove', 'eve', '--delete-home', '--yes', '--json']);
    expect(JSON.parse(removed.stdout)).toEqual({ removed: 'eve', home, homeDeleted: true });
    expect(existsSync(home)).toBe(false);
    expect(existsSync(join(outside, 'kept'))).toBe(true);
  });
});

describe('plimsoll user refuses', () => {
  it.each([
    ['a size', ['--quota', 'lots'], 2, "'lots' is not a size"],
    ['a number of files', ['--files', '-'], 2, "'-' is not a number of files"],
    ['a role', ['--role', 'king'], 2, "'king' is not a role: write user or admin"],
    ['a date', ['--expires', 'tomorrow'], 2, "'tomorrow' is not a date: write 2027-01-31"],
    ['a key file', ['--key', '/nonexistent'], 4, 'there is no file /nonexistent'],
    ['an option', ['--quotta', '1'], 2, "unknown option '--quotta'"],
  ])('%s that is none, and makes nothing', async (_what, args, status, sentence) => {
    const root = freshRoot();
    const outcome = await commandsOn(root)(['user', 'add', 'alice', ...args]);
    expect(outcome).toMatchObject({ status, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
    expect(existsSync(root)).toBe(false);
  });

  it('a name that is none, without making a root', async () => {
    const root = freshRoot();
    const outcome = await commandsOn(root)(['user', 'add', '../evil', '--password-stdin'], {
      input: 'secret',
    });
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toMatch(/^plimsoll: an account name has 1 to 64 letters/);
    expect(existsSync(root)).toBe(false);
  });

  it('an account that could never log in, and a name that is taken in other letters', async () => {
    const { plimsoll, keyFile } = rootWithKey();
    const nobody = await plimsoll(['user', 'add', 'alice']);
    expect(nobody.status).toBe(2);
    expect(nobody.stderr).toContain('give it a key with --key FILE, or a password with --password-stdin');
    expect(
      (await plimsoll(['user', 'add', 'alice'], { env: { PLIMSOLL_PASSWORD: 'from outside' } })).status,
    ).toBe(0);
    const taken = await plimsoll(['user', 'add', 'ALICE', '--key', keyFile]);
    expect(taken).toMatchObject({ status: 9, stderr: "plimsoll: the account 'alice' exists already\n" });
  });

  it.each(['keys', 'var', 'etc', '.', '/', 'homes/alice/inside', 'homes'])(
    '%s as a home (J5)',
    async (home) => {
      const { plimsoll, keyFile } = rootWithKey();
      await plimsoll(['user', 'add', 'alice', '--key', keyFile]);
      const outcome = await plimsoll(['user', 'add', 'mallory', '--key', keyFile, '--home', home]);
      expect(outcome.status).toBe(5);
      expect(outcome.stderr).toMatch(/cannot be a home: it (is|lies|contains)/);
    },
  );

  it('another line for a home that somebody has already, naming who', async () => {
    const { plimsoll, keyFile } = rootWithKey();
    await plimsoll(['user', 'add', 'first', '--key', keyFile, '--quota', '10MB']);
    const other = ['user', 'add', 'second', '--key', keyFile, '--home', 'homes/first'];
    const refused = await plimsoll([...other, '--quota', '20MB']);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("the home is shared with 'first', and its line is 10 MB");
    expect((await plimsoll([...other, '--quota', '10MB'])).status).toBe(0);
    const kept = await plimsoll(['user', 'rm', 'second', '--delete-home', '--yes']);
    expect(kept.status).toBe(5);
    expect(kept.stderr).toContain("is shared with 'first': leave --delete-home out");
  });

  it('to look at a folder that is no root, naming it', async () => {
    const root = freshRoot();
    const outcome = await commandsOn(root)(['user', 'list']);
    expect(outcome.status).toBe(4);
    expect(outcome.stderr).toContain(`${root} is no Plimsoll root`);
    expect(existsSync(root)).toBe(false);
  });
});

describe('plimsoll user, at a terminal', () => {
  it('asks for a password twice, and takes none where the two differ', async () => {
    const { plimsoll } = rootWithKey();
    const differ = await plimsoll(['user', 'add', 'alice'], { answers: ['one password', 'another'] });
    expect(differ.asked).toEqual(['New password for alice: ', 'The same again: ']);
    expect(differ).toMatchObject({
      status: 2,
      stderr: 'plimsoll: the two passwords differ: nothing was changed\n',
    });
    const added = await plimsoll(['user', 'add', 'alice'], { answers: ['one password', 'one password'] });
    expect(added.status).toBe(0);
  });

  it('asks for no password where a key was given, and before it removes', async () => {
    const { plimsoll, keyFile } = rootWithKey();
    const added = await plimsoll(['user', 'add', 'alice', '--key', keyFile], { answers: [] });
    expect(added).toMatchObject({ status: 0, asked: [] });
    const kept = await plimsoll(['user', 'remove', 'alice'], { answers: ['n'] });
    expect(kept.asked).toEqual(["This will remove the account 'alice'. Go on?"]);
    expect(kept).toMatchObject({ status: 1, stderr: 'plimsoll: nothing was changed\n' });
    expect((await plimsoll(['user', 'remove', 'alice'], { answers: ['y'] })).status).toBe(0);
  });
});

describe('plimsoll user key', () => {
  it('adds, lists and removes keys', async () => {
    const { root, keyFile } = rootWithKey();
    const plimsoll = plimsollOn(root);
    await plimsoll(['user', 'add', 'alice', '--password-stdin'], { input: 'secret\n' });
    const added = await plimsoll(['user', 'key', 'add', 'alice', '-'], { input: `${key}\n` });
    expect(added.stdout).toMatch(/^alice: key SHA256:\S+ added\n$/);
    expect((await plimsoll(['user', 'key', 'add', 'alice', keyFile])).stdout).toBe('nothing to change\n');
    const [one] = JSON.parse((await plimsoll(['user', 'key', 'ls', 'alice', '--json'])).stdout) as {
      fingerprint: string;
    }[];
    expect((await plimsoll(['user', 'key', 'remove', 'alice', 'nonesuch'])).status).toBe(4);
    const removed = await plimsoll(['user', 'key', 'remove', 'alice', one?.fingerprint ?? '']);
    expect(removed).toMatchObject({ status: 0, stdout: `alice: key ${one?.fingerprint ?? ''} removed\n` });
    expect((await plimsoll(['user', 'key', 'list', 'alice'])).stdout).toBe('alice has no keys\n');
    const wrong = await plimsoll(['user', 'key', 'add', 'alice', '-'], { input: 'not a key\n' });
    expect(wrong).toMatchObject({
      status: 2,
      stderr: 'plimsoll: standard input: line 1: this is not a public key\n',
    });
  });
});

it('lists every account where the home of one cannot be counted, and says which', async () => {
  const { root, plimsoll, keyFile } = rootWithKey();
  await plimsoll(['user', 'add', 'ann', '--key', keyFile]);
  await plimsoll(['user', 'add', 'bob', '--key', keyFile]);
  const home = join(root, 'homes', 'ann');
  rmdirSync(home);
  writeFileSync(home, 'in the way');
  const { status, stdout, stderr } = await plimsoll(['user', 'list', '--json']);
  expect(status).toBe(0);
  expect(stderr).toBe(`plimsoll: the home of 'ann', ${home}, cannot be counted: not a folder\n`);
  const listed = JSON.parse(stdout) as { name: string; usage: unknown }[];
  expect(listed.map(({ name, usage }) => ({ name, usage }))).toEqual([
    { name: 'ann', usage: null },
    { name: 'bob', usage: { bytes: 0, files: 0 } },
  ]);
  expect((await plimsoll(['user', 'show', 'ann'])).stdout).toMatch(/^line +unknown of 100 MB used$/m);
});

it('says that an account just made is expired already', async () => {
  const { plimsoll, keyFile } = rootWithKey();
  const added = await plimsoll(['user', 'add', 'ann', '--key', keyFile, '--expires', '2000-01-01']);
  expect(added).toMatchObject({ status: 0, stderr: '' });
  expect(added.stdout).toContain('It cannot log in: it is expired.\n');
});

it('fails where the answer cannot be written', async () => {
  const { root, plimsoll, keyFile } = rootWithKey();
  await plimsoll(['user', 'add', 'ann', '--key', keyFile]);
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'user', 'list'], {
    env: environment(root),
    stdio: ['ignore', full, 'pipe'],
  });
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  closeSync(full);
  expect(status).toBe(1);
  expect(err).toBe('plimsoll: the answer could not be written to standard output\n');
});

it.runIf(process.getuid?.() === 0)('does not take the root of another user for none', async () => {
  const { root, plimsoll, keyFile } = rootWithKey();
  await plimsoll(['user', 'add', 'ann', '--key', keyFile]);
  chmodSync(dirname(root), 0o755);
  chmodSync(root, 0o755);
  const child = spawn(process.execPath, [program, 'user', 'list'], {
    env: environment(root),
    uid: 65_534,
    gid: 65_534,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  expect(status).toBe(5);
  expect(err).toContain(
    `plimsoll: ${root} cannot be looked into: permission denied (EACCES); run this as the user`,
  );
});
