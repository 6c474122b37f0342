import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, memory, type ServerOptions } from '../../src/index.js';
import { privateKeyFile } from '../../src/ssh/private-key-file.js';
import { missing } from '../interop/programs.js';
import { Visitor } from './client.js';

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-embed-keys-'));
});
afterAll(() => rmSync(work, { recursive: true }));

const base: ServerOptions = { accounts: { alice: { password: 'secret' } }, vfs: memory() };

/** What the server says its best key is, and what a client that takes `algorithm` only gets to see. */
async function shown(
  options: ServerOptions,
  algorithm: string,
): Promise<{ readonly said: string; readonly known: readonly string[]; readonly seen: string }> {
  const server = await createServer({ ...base, ...options }).listen(0);
  let seen = '';
  const visitor = await Visitor.login(server.port, {
    algorithms: { serverHostKey: [algorithm as never] },
    hostVerifier: (key: Buffer) => {
      seen = key.toString('base64');
      return true;
    },
  });
  await visitor.leave();
  await server.close();
  return { said: server.hostKey, known: server.knownHosts, seen };
}

const pair = generateKeyPairSync('ed25519');
const ed25519 = privateKeyFile(pair.privateKey, '');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe('a host key of the program', () => {
  it.each<[string, string | Buffer]>([
    ["OpenSSH's text", ed25519.text],
    ['the same as bytes', Buffer.from(ed25519.text)],
    ['PKCS #8', pair.privateKey.export({ type: 'pkcs8', format: 'pem' })],
  ])('as %s is what clients see', async (_form, hostKey) => {
    const { said, seen } = await shown({ hostKey }, 'ssh-ed25519');
    expect(seen).toBe(ed25519.publicBlob.toString('base64'));
    expect(said).toBe(`ssh-ed25519 ${seen}`);
  });

  it.each<[string, 'pkcs1' | 'pkcs8']>([
    ['PKCS #1', 'pkcs1'],
    ['PKCS #8', 'pkcs8'],
  ])('may be RSA, as %s, and signs with SHA-2 [RFC 8332 3]', async (_form, type) => {
    const hostKey = rsa.privateKey.export({ type, format: 'pem' });
    const { said, seen } = await shown({ hostKey }, 'rsa-sha2-256');
    expect(said).toBe(`ssh-rsa ${seen}`);
    await expect(shown({ hostKey }, 'ssh-rsa')).rejects.toThrow();
  });

  it.skipIf(missing('ssh-keygen')).each(['256', '384', '521'])('may be ECDSA of %s bits', async (bits) => {
    const file = join(work, `ecdsa-${bits}`);
    execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-b', bits, '-N', '', '-f', file]);
    const { said, seen } = await shown({ hostKey: readFileSync(file) }, `ecdsa-sha2-nistp${bits}`);
    expect(said).toBe(`ecdsa-sha2-nistp${bits} ${seen}`);
  });

  it.each<[string, 'sec1' | 'pkcs8', string]>([
    ['SEC 1', 'sec1', '256'],
    ['PKCS #8', 'pkcs8', '256'],
    ['PKCS #8', 'pkcs8', '384'],
    ['PKCS #8', 'pkcs8', '521'],
  ])('may be ECDSA as %s', async (_form, type, bits) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: `P-${bits}` });
    const hostKey = privateKey.export({ type, format: 'pem' });
    const { said, seen } = await shown({ hostKey }, `ecdsa-sha2-nistp${bits}`);
    expect(said).toBe(`ecdsa-sha2-nistp${bits} ${seen}`);
  });

  it.each([
    ['on a curve that SSH does not have', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['of a kind that SSH does not have', generateKeyPairSync('ed448')],
  ])('%s is refused in a sentence', (_what, { privateKey }) => {
    const hostKey = privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(() => createServer({ ...base, hostKey })).toThrow(
      'the host key is not a private key that can be read',
    );
  });

  it('may be one of several, best first, one of each type', async () => {
    const hostKey = [rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }), ed25519.text];
    const { said, known, seen } = await shown({ hostKey }, 'ssh-ed25519');
    expect(said).toMatch(/^ssh-rsa /);
    expect(known).toHaveLength(2);
    expect(known[1]).toContain(seen);
    expect(() => createServer({ ...base, hostKey: [ed25519.text, ed25519.text] })).toThrow(
      'two host keys are of type ssh-ed25519: give one of each',
    );
  });

  it.skipIf(missing('ssh-keygen'))('with a passphrase is refused in a sentence', () => {
    const file = join(work, 'locked');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', file]);
    expect(() => createServer({ ...base, hostKey: readFileSync(file) })).toThrow(
      'the host key has a passphrase',
    );
    expect(() => createServer({ ...base, hostKey: readFileSync(`${file}.pub`) })).toThrow(
      'the host key is not a private key of a type that is served',
    );
  });

  it.each(['pkcs1', 'pkcs8'] as const)('with a passphrase is refused as %s, too', (type) => {
    const hostKey = rsa.privateKey.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    expect(() => createServer({ ...base, hostKey })).toThrow('the host key has a passphrase');
  });

  it('that nobody gave is another at each start, unless a folder keeps it', async () => {
    const keys = join(work, 'made/keys');
    const [one, two] = [await shown({}, 'ssh-ed25519'), await shown({}, 'ssh-ed25519')];
    expect(one.said).not.toBe(two.said);
    const [first, second] = [await shown({ keys }, 'ssh-ed25519'), await shown({ keys }, 'ssh-ed25519')];
    expect(first.said).toBe(second.said);
    expect(readdirSync(keys)).toContain('ssh_host_rsa_key');
  });
});
