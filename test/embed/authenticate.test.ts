import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createServerWith } from '../../src/embed/create-server.js';
import {
  createServer,
  memory,
  type Authenticate,
  type Grant,
  type LoginRequest,
  type Server,
  type ServerOptions,
} from '../../src/index.js';
import { fingerprint } from '../../src/publickey/public-key.js';
import { privateKeyFile } from '../../src/ssh/private-key-file.js';
import { RawClient } from '../ssh/raw-client.js';
import { Visitor } from './client.js';

const servers: Server[] = [];
const visitors: Visitor[] = [];
afterEach(async () => {
  await Promise.all(visitors.splice(0).map((visitor) => visitor.leave().catch(() => undefined)));
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

const reasons: string[] = [];

async function serving(authenticate: Authenticate, more: Partial<ServerOptions> = {}): Promise<Server> {
  const canary = canaries();
  const asked: Authenticate = (request) =>
    request.user === 'canary' ? canary(request) : authenticate(request);
  const server = createServer({ vfs: memory(), authenticate: asked, ...more });
  servers.push(server);
  reasons.length = 0;
  server.on('login.failed', ({ reason }) => reasons.push(reason));
  return server.listen(0);
}

async function login(server: Server, as: Parameters<typeof Visitor.login>[1] = {}): Promise<Visitor> {
  const visitor = await Visitor.login(server.port, as);
  visitors.push(visitor);
  return visitor;
}

/** Each login has another home than the one before. */
function canaries(): Authenticate {
  let logins = 0;
  return ({ method }) => (method === 'password' ? (++logins % 2 === 1 ? { vfs: memory() } : true) : null);
}

/**
 * The watch has looked at every session since this was called: it has ended one that it must end, the canary's first,
 * and those that were there before it are looked at first.
 */
async function watched(server: Server): Promise<void> {
  await login(server, { username: 'canary' });
  const ended = new Promise<string>((resolve) => {
    server.on('connection.closed', ({ account, reason }) => {
      if (account === 'canary') resolve(reason);
    });
  });
  await login(server, { username: 'canary' });
  expect(await ended).toBe('the home of this account was changed: log in again');
}

const refused = 'All configured authentication methods failed';
const one = privateKeyFile(generateKeyPairSync('ed25519').privateKey, 'one');
const two = privateKeyFile(generateKeyPairSync('ed25519').privateKey, 'two');

describe('the function that decides', () => {
  it('is asked with all there is to know, for `none` and for the password', async () => {
    const asked: LoginRequest[] = [];
    const server = await serving((request) => {
      asked.push(request);
      return request.method === 'password' && request.password === 'secret';
    });
    const visitor = await login(server);
    await visitor.write('/a', 'x');
    expect(server.sessions()).toMatchObject([{ account: 'alice', method: 'password' }]);
    const base = { user: 'alice', address: '127.0.0.1', connection: server.sessions()[0]?.id, key: null };
    expect(asked).toEqual([
      { ...base, method: 'none', password: '' },
      { ...base, method: 'password', password: 'secret' },
    ]);
  });

  it('is asked whether a key would do, and for the login; the signature is no matter of it', async () => {
    const asked: LoginRequest[] = [];
    const server = await serving((request) => {
      asked.push(request);
      return request.key?.fingerprint === fingerprint(one.publicBlob);
    });
    await login(server, { privateKey: one.text });
    expect(server.sessions()).toMatchObject([
      { account: 'alice', method: 'publickey', fingerprint: fingerprint(one.publicBlob) },
    ]);
    expect(asked.map(({ method }) => method)).toEqual(['none', 'publickey', 'publickey']);
    expect(asked[2]).toMatchObject({
      password: '',
      key: {
        type: 'ssh-ed25519',
        blob: one.publicBlob,
        line: `ssh-ed25519 ${one.publicBlob.toString('base64')}`,
      },
    });
    await expect(login(server, { privateKey: two.text })).rejects.toThrow(refused);
    expect(reasons).toEqual(['refused by authenticate']);
  });

  it('is not asked about names of `accounts`, in whatever case, nor about what is no name', async () => {
    const asked: string[] = [];
    const server = await serving(
      ({ user }) => {
        asked.push(user);
        return true;
      },
      { accounts: { bob: { password: 'his' } } },
    );
    await expect(login(server, { username: 'bob', password: 'wrong' })).rejects.toThrow(refused);
    await expect(login(server, { username: 'BOB', password: 'wrong' })).rejects.toThrow(refused);
    await expect(login(server, { username: 'bob+admin', password: 'his' })).rejects.toThrow(refused);
    await expect(login(server, { username: 'alice+admin' })).rejects.toThrow(refused);
    await expect(login(server, { username: '.hidden' })).rejects.toThrow(refused);
    expect(asked).toEqual([]);
    await login(server, { username: 'bob', password: 'his' });
    await login(server, { username: 'carol', password: 'anything' });
    expect([...new Set(asked)]).toEqual(['carol']);
  });

  it('lets nobody in without a credential by saying true, only by a grant', async () => {
    const yes = await serving(() => true);
    await expect(Visitor.login(yes.port, { password: undefined as never })).rejects.toThrow(refused);
    const grant = await serving(({ method }) => (method === 'none' ? { readOnly: true } : false));
    const visitor = await login(grant, { password: undefined as never });
    expect(grant.sessions()).toMatchObject([{ account: 'alice', method: 'none' }]);
    await expect(visitor.write('/a', 'x')).rejects.toThrow('this account may only read');
  });

  it('may compare what is missing with what is missing, and lets nobody in by that', async () => {
    const passwords: Readonly<Record<string, string>> = { bob: 'his' };
    const server = await serving(({ user, password }) => passwords[user] === password);
    await expect(login(server, { privateKey: one.text })).rejects.toThrow(refused);
    await expect(login(server, { password: '' })).rejects.toThrow(refused);
    await login(server, { username: 'bob', password: 'his' });
  });

  it('refuses by what it throws, whose reason is told to the program alone', async () => {
    const server = await serving(({ method }) => {
      if (method === 'password') throw new Error('LDAP is down');
      return false;
    });
    const warned = vi.fn();
    server.on('server.warning', warned);
    await expect(login(server)).rejects.toThrow(refused);
    expect(reasons).toEqual(['cannot decide: LDAP is down']);
    expect(warned).not.toHaveBeenCalled();
  });

  it.each<[string, unknown, string]>([
    ['a name that is none', { name: '../etc' }, "cannot decide: the grant for '../etc': an account name has"],
    [
      'the name of another',
      { name: 'BOB' },
      "cannot decide: the grant names 'BOB', which is one of 'accounts'",
    ],
    [
      'an unknown word',
      { readonly: true },
      "cannot decide: the grant: there is no option 'readonly'; did you mean 'readOnly'?",
    ],
    [
      'a Vfs that is none',
      { vfs: {} },
      "cannot decide: the grant: vfs is not a Vfs: it has no method 'open'",
    ],
    ['a text', 'yes', 'authenticate gave a string: it must be true, false, null or a grant'],
    ['a number', 1, 'authenticate gave a number: it must be true, false, null or a grant'],
    ['nothing', undefined, 'refused by authenticate'],
  ])('refuses by a grant that cannot be used: %s', async (_what, grant, reason) => {
    const server = await serving(({ method }) => (method === 'password' ? (grant as Grant) : null), {
      accounts: { bob: { password: 'his' } },
    });
    await expect(login(server)).rejects.toThrow(refused);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(reason);
  });

  it('needs files from somewhere', async () => {
    const server = createServer({ authenticate: ({ method }) => method === 'password' });
    servers.push(server);
    server.on('login.failed', ({ reason }) => reasons.push(reason));
    await server.listen(0);
    reasons.length = 0;
    await expect(login(server)).rejects.toThrow(refused);
    expect(reasons).toEqual([
      "cannot decide: the grant has no files: give 'vfs' or 'home', or the server 'vfs' or 'homes'",
    ]);
  });

  it('that never answers keeps nobody longer than the login grace', async () => {
    const server = await serving(() => new Promise(() => undefined), { settings: { 'login.grace': '1s' } });
    await expect(login(server)).rejects.toThrow();
    expect(server.sessions()).toEqual([]);
  });
});

describe('a grant', () => {
  it('names account, files and line', async () => {
    const own = memory();
    const server = await serving(({ user, method }) =>
      method === 'password' ? { name: `user-${user}`, vfs: own, quota: '5MB', files: 3 } : null,
    );
    const visitor = await login(server);
    await visitor.write('/a', '12345');
    expect(await visitor.status()).toMatchObject({
      account: 'user-alice',
      home: { bytes: { used: 5, limit: 5_000_000 }, files: { used: 1, limit: 3 } },
    });
    expect((await own.stat('/a', { follow: true })).size).toBe(5);
  });

  it('with a filesystem for each login ends no session of the same account', async () => {
    const server = await serving(({ method }) => (method === 'password' ? { vfs: memory() } : null));
    const first = await login(server);
    const second = await login(server);
    await first.write('/mine', 'x');
    await watched(server);
    expect(await first.list()).toEqual(['mine']);
    expect(await second.list()).toEqual([]);
    expect((await second.status()).home.files.used).toBe(0);
    expect((await first.status()).home.files.used).toBe(1);
  });

  it('is in force for the sessions before it at their next request (A3)', async () => {
    let readOnly = false;
    const server = await serving(({ method }) => (method === 'password' ? { readOnly } : null));
    const first = await login(server);
    await first.write('/a', 'x');
    readOnly = true;
    await login(server);
    await vi.waitFor(() => expect(first.write('/b', 'x')).rejects.toThrow('this account may only read'), {
      timeout: 2000,
    });
  });

  it('is not made by asking whether a key would do: that proves nothing (A3)', async () => {
    let readOnly = false;
    const server = await serving(({ method }) => (method === 'none' ? null : { readOnly }));
    const first = await login(server);
    readOnly = true;
    const { publicBlob } = two;
    const prober = await RawClient.keyed(server.port);
    prober.askForLogin();
    prober.login('alice', 'publickey', (writer) => {
      writer.u8(0);
      writer.string(Buffer.from('ssh-ed25519'));
      writer.string(publicBlob);
    });
    await prober.next(60);
    prober.socket.destroy();
    await watched(server);
    await first.write('/still', 'x');
  });

  it('by one key leaves the sessions by another alone (A3)', async () => {
    const server = await serving(({ method }) => method === 'publickey');
    const first = await login(server, { privateKey: one.text });
    const second = await login(server, { privateKey: two.text });
    await watched(server);
    await first.write('/one', 'x');
    await second.write('/two', 'x');
  });
});

describe('what is kept of accounts that were granted', () => {
  it('does not grow with everybody who ever came', async () => {
    const ids: number[] = [];
    let passwords = 0;
    const server = createServerWith(
      { vfs: memory(), authenticate: ({ method }) => method === 'password' },
      {
        authenticator: (own) => ({
          ...own,
          password: async (...asked) => {
            passwords += 1;
            const decision = await own.password(...asked);
            if (decision.granted) ids.push(decision.login.account.id);
            return decision;
          },
        }),
      },
    );
    servers.push(server);
    await server.listen(0);
    for (const username of ['u1', 'u1', 'u2']) {
      const visitor = await Visitor.login(server.port, { username });
      await visitor.leave();
      await vi.waitFor(() => expect(server.sessions()).toEqual([]));
    }
    expect(passwords).toBe(3);
    // Each came to an account of its own: that of the visit before was gone.
    expect(new Set(ids).size).toBe(3);
  });

  it('is one account while any of its sessions lives, however they come and go', async () => {
    const server = await serving(({ method }) => method === 'password');
    const uids = new Set<string>();
    const stay = await login(server);
    await stay.write('/f', 'x');
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const visitor = await Visitor.login(server.port);
        const longname = await new Promise<string>((resolve, reject) => {
          visitor.connection.sftp((error, sftp) => {
            if (error) reject(error);
            else sftp.stat('/f', (failed, stats) => (failed ? reject(failed) : resolve(String(stats.uid))));
          });
        });
        uids.add(longname);
        await visitor.leave();
      }),
    );
    expect(uids.size).toBe(1);
    await stay.write('/still', 'x');
  });
});
