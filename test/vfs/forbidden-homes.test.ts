import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkHome, makeHome } from '../../src/vfs/forbidden-homes.js';
import { mountOrSkip } from './mounting.js';

let around: string;
let root: string;
let program: string;
const check = (path: string, otherHomes: readonly string[] = [], programFolder = program): Promise<string> =>
  checkHome(path, { root, programFolder, otherHomes });
const refused = (path: string, others: readonly string[] = [], programFolder = program): Promise<void> =>
  expect(check(path, others, programFolder)).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringMatching(/cannot be a home: it /) as string,
  });

beforeEach(() => {
  around = realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-homes-')));
  root = join(around, 'srv', 'root');
  program = join(around, 'opt', 'program');
  for (const folder of ['keys', 'var/deep', 'etc', 'homes/alice/inner', 'shared']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const folder of ['dist/deep', 'src', 'node_modules'])
    mkdirSync(join(program, folder), { recursive: true });
});
afterEach(() => rmSync(around, { recursive: true, force: true }));

test('J5: the normal places are allowed, there already or not yet', async () => {
  for (const path of ['homes/alice', 'homes/bob', 'shared', 'homes/new/deeper']) {
    expect(await check(join(root, path))).toBe(join(root, path));
  }
  expect(await check(join(around, 'elsewhere'))).toBe(join(around, 'elsewhere'));
});

test('J5: every refused home', async () => {
  const inRoot = ['.', 'keys', 'keys/x', 'var', 'var/deep', 'var/new', 'etc', 'homes/../keys'];
  for (const path of inRoot) await refused(join(root, path));
  for (const path of ['/', around, join(around, 'srv'), '/proc/../']) await refused(path);
  for (const path of [program, join(program, 'dist/deep'), join(program, 'any'), join(around, 'opt')]) {
    await refused(path);
  }
});

test('J5: in a checkout that is program and root at once, homes are allowed and the rest is not', async () => {
  for (const folder of ['dist', 'src', 'node_modules', '.git']) await refused(join(root, folder), [], root);
  await refused(join(root, 'dist/x'), [], root);
  await refused(join(root, 'keys'), [], root);
  expect(await check(join(root, 'homes/alice'), [], root)).toBe(join(root, 'homes/alice'));
  const parent = join(around, 'srv');
  expect(await check(join(root, 'homes/alice'), [], parent)).toBe(join(root, 'homes/alice'));
  await refused(join(parent, 'other'), [], parent);
});

test('J5: not inside another home nor around one; the same one is shared', async () => {
  const alice = join(root, 'homes/alice');
  await refused(join(alice, 'inner'), [alice]);
  await refused(join(alice, 'not/yet'), [alice]);
  await refused(alice, [join(alice, 'inner')]);
  await refused(join(root, 'homes'), [alice]);
  expect(await check(alice, [alice])).toBe(alice);
  expect(await check(`${alice}2`, [alice])).toBe(`${alice}2`);
  expect(await check(alice, [join(root, 'homes/gone')])).toBe(alice);
});

test('J5: symlinks hide nothing', async () => {
  symlinkSync(join(root, 'keys'), join(around, 'k'));
  symlinkSync(join(root, 'homes/alice'), join(around, 'a'));
  symlinkSync('nowhere', join(around, 'dangling'));
  await refused(join(around, 'k'));
  await refused(join(around, 'k/new'));
  expect(await check(join(around, 'a'), [join(root, 'homes/alice')])).toBe(join(root, 'homes/alice'));
  await refused(join(around, 'a/inner'), [join(root, 'homes/alice')]);
  await expect(check(join(around, 'dangling'))).rejects.toMatchObject({ code: 'not-found' });
  writeFileSync(join(around, 'file'), '');
  await expect(check(join(around, 'file'))).rejects.toMatchObject({ code: 'not-a-folder' });
  await expect(check(join(around, 'file/x'))).rejects.toMatchObject({ code: 'not-a-folder' });
});

test('J5: bind mounts hide nothing', async (context) => {
  const mount = join(around, 'bound');
  mkdirSync(mount);
  mountOrSkip(context, '--bind', root, mount);
  try {
    await refused(mount);
    await refused(join(mount, 'keys'));
    await refused(join(mount, 'var/deep'));
    await refused(join(mount, 'homes/alice/inner'), [join(root, 'homes/alice')]);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
});

describe('makeHome', () => {
  test('makes what is missing, closed to others, and leaves alone what is there', async () => {
    const path = join(around, 'new/home');
    expect(await makeHome(path)).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const { mode } = statSync(join(root, 'homes/alice'));
    await makeHome(join(root, 'homes/alice'));
    expect(statSync(join(root, 'homes/alice')).mode).toBe(mode);
  });

  test('says which home it could not make', async () => {
    writeFileSync(join(around, 'file'), '');
    await expect(makeHome(join(around, 'file/x'))).rejects.toMatchObject({
      code: 'not-a-folder',
      message: expect.stringContaining(`${around}/file/x cannot be made`) as string,
    });
  });
});
