import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadHostKeys } from '../../src/ssh/host-key-files.js';
import type { HostKeys } from '../../src/ssh/host-keys.js';
import { parseKey } from '../../src/ssh/internals.js';
import { privateKeyFile } from '../../src/ssh/private-key-file.js';

let work = '';
let made = '';
let folder = '';
let keys: HostKeys;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-hostkeys-'));
  made = join(work, 'made');
  keys = await loadHostKeys(made);
});
beforeEach(() => {
  folder = mkdtempSync(join(work, 'keys-'));
  for (const name of readdirSync(made)) {
    writeFileSync(join(folder, name), readFileSync(join(made, name)), { mode: 0o600 });
  }
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('the first start makes an ed25519 and an RSA key of 3072 bits, for nobody else to read', () => {
  expect(statSync(made).mode & 0o777).toBe(0o700);
  expect(readdirSync(made).sort()).toEqual([
    'ssh_host_ed25519_key',
    'ssh_host_ed25519_key.pub',
    'ssh_host_rsa_key',
    'ssh_host_rsa_key.pub',
  ]);
  for (const name of readdirSync(made)) expect(statSync(join(made, name)).mode & 0o777).toBe(0o600);
  expect(keys.algorithms).toEqual(['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256']);
});

test('ssh-keygen reads them and prints the same fingerprints', () => {
  const lines = ['ed25519', 'rsa'].map((kind) =>
    execFileSync('ssh-keygen', ['-l', '-f', join(made, `ssh_host_${kind}_key`)]).toString(),
  );
  expect(lines[0]).toContain(`256 ${keys.keys[0]?.fingerprint ?? '-'}`);
  expect(lines[1]).toContain(`3072 ${keys.keys[1]?.fingerprint ?? '-'}`);
  const shown = execFileSync('ssh-keygen', ['-y', '-f', join(made, 'ssh_host_rsa_key')]).toString();
  expect(readFileSync(join(made, 'ssh_host_rsa_key.pub'), 'utf8').trim()).toBe(shown.trim());
});

test('later starts find the same keys', async () => {
  const again = await loadHostKeys(folder);
  expect(again.keys.map(({ fingerprint }) => fingerprint)).toEqual(
    keys.keys.map(({ fingerprint }) => fingerprint),
  );
});

test('keys that ssh-keygen made are as good', async () => {
  unlinkSync(join(folder, 'ssh_host_ed25519_key'));
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'ssh_host_ed25519_key')], {
    input: 'y\n',
  });
  const other = await loadHostKeys(folder);
  expect(other.keys[0]?.fingerprint).not.toBe(keys.keys[0]?.fingerprint);
});

test('two processes that start at once agree on one key', async () => {
  for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
  const [one, two] = await Promise.all([loadHostKeys(folder), loadHostKeys(folder)]);
  expect(one.keys.map(({ fingerprint }) => fingerprint)).toEqual(
    two.keys.map(({ fingerprint }) => fingerprint),
  );
  expect(readdirSync(folder).length).toBe(4);
});

test('known_hosts lines name host and port', () => {
  const [blob] = keys.keys.map((key) => key.blob.toString('base64'));
  expect(keys.knownHosts('127.0.0.1', 2222)[0]).toBe(`[127.0.0.1]:2222 ssh-ed25519 ${blob ?? ''}`);
  expect(keys.knownHosts('files.example', 22)[0]).toBe(`files.example ssh-ed25519 ${blob ?? ''}`);
});

test('a folder that others can look into is closed', async () => {
  chmodSync(folder, 0o755);
  await loadHostKeys(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test.each([
  [
    'others can read',
    (file: string) => chmodSync(file, 0o640),
    /^host key .*ed25519_key can be read by others: run chmod 600 /,
  ],
  [
    'is a symbolic link',
    (file: string) => {
      renameSync(file, `${file}.real`);
      symlinkSync(`${file}.real`, file);
    },
    /is a symbolic link: put the key itself there/,
  ],
  ['is garbage', (file: string) => writeFileSync(file, 'garbage'), /is not a private key that can be read/],
  ['is empty', (file: string) => writeFileSync(file, ''), /is not a private key that can be read/],
  [
    'is a public key',
    (file: string) => writeFileSync(file, readFileSync(`${file}.pub`)),
    /is not a private key of a type that is served/,
  ],
  [
    'is of another kind',
    (file: string) => writeFileSync(file, readFileSync(file.replace('ed25519', 'rsa'))),
    /is not a private ssh-ed25519 key/,
  ],
  [
    'has a passphrase',
    (file: string) => {
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', file]);
    },
    /has a passphrase/,
  ],
  [
    'is a FIFO',
    (file: string) => {
      unlinkSync(file);
      execFileSync('mkfifo', ['-m', '600', file]);
    },
    /is not a key file/,
  ],
])('a key that %s is refused with a sentence', async (_name, spoil, sentence) => {
  spoil(join(folder, 'ssh_host_ed25519_key'));
  await expect(loadHostKeys(folder)).rejects.toThrow(sentence);
});

test.skipIf(process.geteuid?.() !== 0)('a key or folder of another user is refused', async () => {
  chownSync(join(folder, 'ssh_host_rsa_key'), 65_534, 65_534);
  await expect(loadHostKeys(folder)).rejects.toThrow(/rsa_key belongs to another user/);
  chownSync(folder, 65_534, 65_534);
  await expect(loadHostKeys(folder)).rejects.toThrow(/belongs to another user: host keys need a folder/);
});

test('every ed25519 key survives its file, also one whose public half begins with zeros', () => {
  for (let found = false; !found;) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { publicBlob, text } = privateKeyFile(privateKey, 'test');
    found = publicBlob[19] === 0;
    const parsed = parseKey(Buffer.from(text));
    if (parsed instanceof Error || !('getPublicSSH' in parsed)) throw new Error('not one key');
    expect(Buffer.from(parsed.getPublicSSH()).equals(publicBlob)).toBe(true);
  }
});
