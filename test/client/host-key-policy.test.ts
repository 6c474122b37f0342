import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SeenHostKey } from '../../src/client/connection.js';
import {
  createHostKeyPolicy,
  type HostKeyPolicyOptions,
  type HostKeyQuestion,
} from '../../src/client/host-key-policy.js';
import { hashedName } from '../../src/client/known-hosts.js';
import { faultOf } from './connecting.js';

let folder: string;
let theirs: string;
let own: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-policy-'));
  theirs = join(folder, 'known_hosts');
  own = join(folder, 'made', 'for-it', 'known_hosts');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function policy(parts: Partial<HostKeyPolicyOptions> = {}): ReturnType<typeof createHostKeyPolicy> {
  return createHostKeyPolicy({ files: [theirs, own], acceptNew: false, pinned: [], ask: null, ...parts });
}

function field(bytes: Buffer | string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, Buffer.from(bytes)]);
}

function ed25519(host = 'example.org', port = 22): SeenHostKey {
  const { publicKey } = generateKeyPairSync('ed25519');
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return seen('ssh-ed25519', Buffer.concat([field('ssh-ed25519'), field(point)]), host, port);
}

function seen(type: string, blob: Buffer, host = 'example.org', port = 22): SeenHostKey {
  const hash = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { host, port, type, blob, fingerprint: `SHA256:${hash}` };
}

const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

function rsa(): SeenHostKey {
  const jwk = rsaKey.export({ format: 'jwk' });
  const number = (text: unknown): Buffer => {
    const bytes = Buffer.from(String(text), 'base64url');
    return field((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
  };
  return seen('ssh-rsa', Buffer.concat([field('ssh-rsa'), number(jwk.e), number(jwk.n)]));
}

function line(names: string, key: SeenHostKey): string {
  return `${names} ${key.type} ${key.blob.toString('base64')}\n`;
}

describe('the policy of host keys', () => {
  it.each([
    ['by name', () => 'example.org'],
    ['among others', () => 'other.org,*.org'],
    ['by a hash', () => hashedName('example.org')],
  ])('takes a key that is known %s', async (_how, names) => {
    const key = ed25519();
    writeFileSync(theirs, line(names(), ed25519()) + line(names(), rsa()) + line(names(), key));
    await policy().check(key);
    expect(existsSync(own)).toBe(false);
  });

  it('asks about an unknown one, with type and fingerprint, and remembers it in its own file', async () => {
    const key = ed25519('example.org', 2222);
    const asked: HostKeyQuestion[] = [];
    const ask = (question: HostKeyQuestion): Promise<boolean> => {
      asked.push(question);
      return Promise.resolve(true);
    };
    const first = policy({ ask });
    // Two connections at once ask once.
    await Promise.all([first.check(key), first.check(key)]);
    await policy({ ask }).check(key);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.sentence).toBe(
      `the host key of example.org:2222 is not known: ED25519 ${key.fingerprint}`,
    );
    expect(readFileSync(own, 'utf8')).toBe(line('[example.org]:2222', key));
    expect(statSync(own).mode & 0o777).toBe(0o600);
    expect(statSync(join(own, '..')).mode & 0o777).toBe(0o700);
    expect(existsSync(theirs)).toBe(false);
    expect((await faultOf(policy().check({ ...key, port: 22 }))).message).toMatch(/is not known/);
  });

  it('refuses an unknown one when told so, or when nobody can be asked', async () => {
    const key = ed25519();
    const refused = await faultOf(policy({ ask: () => Promise.resolve(false) }).check(key));
    expect(refused).toMatchObject({ code: 'wrong-host-key' });
    const alone = await faultOf(policy().check(key));
    expect(alone).toMatchObject({ code: 'wrong-host-key' });
    expect(alone.message).toContain(`--host-key ${key.fingerprint}`);
    expect(alone.message).toContain('--accept-new');
    expect(existsSync(own)).toBe(false);
  });

  it('adds to a file whose last line has no end', async () => {
    mkdirSync(join(own, '..'), { recursive: true });
    const [first, second] = [ed25519('a.org'), ed25519('b.org')];
    writeFileSync(own, line('a.org', first).trimEnd());
    await policy({ acceptNew: true }).check(second);
    expect(readFileSync(own, 'utf8')).toBe(line('a.org', first) + line('b.org', second));
  });

  it('writes a name that could be read as something else as a hash', async () => {
    const key = ed25519('a.org *,x\n@revoked *');
    await policy({ acceptNew: true }).check(key);
    expect(readFileSync(own, 'utf8')).toMatch(/^\|1\|[^ ]+ ssh-ed25519 [^ \n]+\n$/);
    await policy().check(key);
  });

  it('says so when it could not remember, and goes on', async () => {
    writeFileSync(join(folder, 'made'), 'a file');
    const notices: string[] = [];
    await policy({ acceptNew: true, notice: (sentence) => notices.push(sentence) }).check(ed25519());
    expect(notices).toEqual([expect.stringContaining('could not be written')]);
  });

  it.each([false, true])(
    'refuses a changed one, with both fingerprints (--accept-new: %s)',
    async (acceptNew) => {
      const [known, shown] = [ed25519(), ed25519()];
      writeFileSync(theirs, `# one\n${line('example.org', known)}`);
      const ask = (): Promise<boolean> => Promise.resolve(true);
      const fault = await faultOf(policy({ acceptNew, ask }).check(shown));
      expect(fault).toMatchObject({ code: 'wrong-host-key' });
      expect(fault.message).toContain(known.fingerprint);
      expect(fault.message).toContain(shown.fingerprint);
      expect(fault.message).toContain(`${theirs} line 2`);
      expect(existsSync(own)).toBe(false);
    },
  );

  it('takes another type for a change: the known one was asked for first', async () => {
    const [known, shown] = [rsa(), ed25519()];
    writeFileSync(theirs, line('example.org', known));
    expect(policy().knownTypes('EXAMPLE.org', 22)).toEqual(['ssh-rsa']);
    const fault = await faultOf(policy({ acceptNew: true }).check(shown));
    expect(fault.message).toContain(`RSA ${known.fingerprint}`);
  });

  it('does not hold a type against it that cannot be asked for', async () => {
    const old = seen('ssh-dss', Buffer.concat([field('ssh-dss'), field('x')]));
    writeFileSync(theirs, line('example.org', old));
    await policy({ acceptNew: true }).check(ed25519());
  });

  it('refuses a revoked one, however it is known, pinned or accepted', async () => {
    const key = ed25519();
    writeFileSync(theirs, line('example.org', key) + line('@revoked *', key));
    for (const parts of [{}, { acceptNew: true }, { pinned: [key.fingerprint] }]) {
      const fault = await faultOf(policy(parts).check(key));
      expect(fault).toMatchObject({ code: 'wrong-host-key' });
      expect(fault.message).toContain('revoked');
    }
    expect(policy().knownTypes('example.org', 22)).toEqual(['ssh-ed25519']);
  });

  it('does not take an authority for the host itself, and says why', async () => {
    const authority = ed25519();
    writeFileSync(theirs, line('@cert-authority *', authority));
    const fault = await faultOf(policy().check(authority));
    expect(fault.message).toMatch(/is not known: .*certificates are not supported/);
  });

  it('goes by pinned fingerprints alone', async () => {
    const [known, shown] = [ed25519(), ed25519()];
    writeFileSync(theirs, line('example.org', known));
    await policy({ pinned: [`${shown.fingerprint}=`] }).check(shown);
    const fault = await faultOf(policy({ pinned: [shown.fingerprint] }).check(known));
    expect(fault).toMatchObject({ code: 'wrong-host-key' });
    expect(fault.message).toContain(shown.fingerprint);
    expect(existsSync(own)).toBe(false);
  });

  it('refuses what is no fingerprint', () => {
    for (const pinned of ['MD5:aa:bb', 'SHA256:short', '']) {
      expect(() => policy({ pinned: [pinned] }), pinned).toThrow(/no fingerprint/);
    }
  });

  it('refuses to go on without a file that is there and cannot be read', async () => {
    mkdirSync(theirs);
    const fault = await faultOf(policy({ acceptNew: true }).check(ed25519()));
    expect(fault).toMatchObject({ code: 'invalid' });
    expect(fault.message).toContain(theirs);
  });
});
