import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createServer,
  DelegatingHandle,
  DelegatingVfs,
  memory,
  type Handle,
  type OpenOptions,
  type Server,
  type ServerOptions,
  type Vfs,
} from '../../src/index.js';
import { Visitor } from './client.js';

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-embed-homes-'));
});
afterAll(() => rmSync(work, { recursive: true }));

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

const warnings: string[] = [];

async function serving(options: ServerOptions): Promise<Server> {
  const server = createServer(options);
  servers.push(server);
  warnings.length = 0;
  server.on('server.warning', ({ message }) => warnings.push(message));
  return server.listen(0);
}

const secret = { password: 'secret' } as const;

/** Tells how often it is closed. */
class Counted extends DelegatingVfs {
  closed = 0;

  override close(): Promise<void> {
    this.closed += 1;
    return super.close();
  }
}

async function visited(server: Server, username: string, path: string, text: string): Promise<void> {
  const visitor = await Visitor.login(server.port, { username });
  await visitor.write(path, text);
  await visitor.leave();
}

describe('a Vfs of the program', () => {
  it('is one home for all accounts, is kept between connections, and is never closed', async () => {
    const vfs = new Counted(memory());
    const server = await serving({ accounts: { alice: secret, bob: secret }, vfs });
    await visited(server, 'alice', '/from-alice', '1');
    const bob = await Visitor.login(server.port, { username: 'bob' });
    expect(await bob.list()).toEqual(['from-alice']);
    await bob.leave();
    await server.close();
    expect(vfs.closed).toBe(0);
  });

  it('made by a function is made for each connection, by the name, and closed at its end', async () => {
    const made: { name: string; vfs: Counted }[] = [];
    const server = await serving({
      accounts: { alice: secret, bob: secret },
      vfs: async ({ name }) => {
        await Promise.resolve();
        const vfs = new Counted(memory());
        made.push({ name, vfs });
        return vfs;
      },
    });
    await visited(server, 'alice', '/a', '1');
    const again = await Visitor.login(server.port);
    expect(await again.list()).toEqual([]);
    await again.leave();
    await visited(server, 'bob', '/b', '1');
    await server.close();
    expect(made.map(({ name, vfs }) => [name, vfs.closed])).toEqual([
      ['alice', 1],
      ['alice', 1],
      ['bob', 1],
    ]);
  });

  it("of an account goes before the server's", async () => {
    const [own, shared] = [memory(), memory()];
    const server = await serving({
      accounts: { alice: { ...secret, vfs: own }, carol: { ...secret, vfs: () => own }, bob: secret },
      vfs: shared,
    });
    await visited(server, 'alice', '/a', '1');
    await visited(server, 'carol', '/c', '1');
    await visited(server, 'bob', '/b', '1');
    const names = async (vfs: Vfs): Promise<readonly string[]> =>
      (await (await vfs.list('/')).next(9)).map(({ name }) => name);
    expect(await names(own)).toEqual(['a', 'c']);
    expect(await names(shared)).toEqual(['b']);
  });

  it.each<[string, () => Vfs]>([
    [
      'throws',
      () => {
        throw new Error('the bucket of alice in /etc/secret is gone');
      },
    ],
    ['gives none', () => ({}) as Vfs],
  ])('that %s ends the login in a sentence, and the program hears why (J2)', async (_what, vfs) => {
    const server = await serving({ accounts: { alice: secret }, vfs });
    await expect(Visitor.login(server.port)).rejects.toThrow();
    expect(warnings.join()).toMatch(
      /vfs of alice: (the bucket of alice in \/etc\/secret is gone|what the vfs function gave is not a Vfs)/,
    );
    expect(server.sessions()).toEqual([]);
  });

  it('whose methods throw anything costs that request only (P1)', async () => {
    const vfs = memory();
    const broken = new Proxy(vfs, {
      get: (target, name) =>
        name === 'mkdir'
          ? () => {
              throw new TypeError('not even a promise');
            }
          : (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target),
    });
    const failed: string[] = [];
    const server = await serving({ accounts: { alice: secret }, vfs: broken });
    server.on('request.failed', ({ operation, cause }) =>
      failed.push(`${operation}: ${cause.split('\n')[0] ?? ''}`),
    );
    const visitor = await Visitor.login(server.port);
    await new Promise<void>((resolve, reject) => {
      visitor.connection.sftp((error, sftp) => {
        if (error) reject(error);
        else sftp.mkdir('/x', (refused) => (refused ? resolve() : reject(new Error('made'))));
      });
    });
    await visitor.write('/a', '1');
    await visitor.leave();
    expect(failed).toEqual(['mkdir: TypeError: not even a promise']);
  });

  it('that claims to have read more than was asked for costs that request only (P1)', async () => {
    class Boasting extends DelegatingHandle {
      override read(): Promise<number> {
        return Promise.resolve(1_000_000);
      }
    }
    class Files extends DelegatingVfs {
      override async open(path: string, options: OpenOptions): Promise<Handle> {
        return new Boasting(await super.open(path, options));
      }
    }
    const server = await serving({ accounts: { alice: secret }, vfs: new Files(memory()) });
    const failed = vi.fn();
    server.on('request.failed', failed);
    const visitor = await Visitor.login(server.port);
    await visitor.write('/a', '1');
    await expect(visitor.read('/a')).rejects.toThrow('failure');
    expect(failed).toHaveBeenCalledOnce();
    expect(await visitor.list()).toEqual(['a']);
    await visitor.leave();
  });
});

describe('homes on disk', () => {
  it('are folders by name, made at their first use, and nobody leaves theirs (J1)', async () => {
    const homes = join(work, 'homes');
    writeFileSync(join(work, 'outside'), 'secret');
    const server = await serving({ accounts: { alice: secret, bob: secret }, homes });
    expect(existsSync(join(homes, 'alice'))).toBe(false);
    await visited(server, 'alice', '/a', 'hello');
    expect(readFileSync(join(homes, 'alice/a'), 'utf8')).toBe('hello');
    expect(existsSync(join(homes, 'bob'))).toBe(false);
    symlinkSync('../../outside', join(homes, 'alice/link'));
    const visitor = await Visitor.login(server.port);
    await expect(visitor.read('/../../outside')).rejects.toThrow();
    await expect(visitor.read('/link')).rejects.toThrow();
    expect((await visitor.status()).home.bytes.used).toBe(5);
    await visitor.leave();
  });

  it('of an account may be elsewhere, and must be there', async () => {
    const home = join(work, 'elsewhere');
    const options = { accounts: { alice: { ...secret, home } } };
    await expect(createServer(options).listen(0)).rejects.toThrow(
      `${home} cannot be a home: there is no such folder`,
    );
    mkdirSync(home);
    await visited(await serving(options), 'alice', '/a', 'hello');
    expect(readFileSync(join(home, 'a'), 'utf8')).toBe('hello');
  });

  it('lie in no other and around no host keys, by whatever name (J5)', async () => {
    const folder = join(work, 'nested');
    mkdirSync(join(folder, 'inner'), { recursive: true });
    symlinkSync(folder, join(work, 'alias'));
    const refused = (options: ServerOptions): Promise<unknown> =>
      createServer(options)
        .listen(0)
        .then(
          (server) => server.close(),
          (thrown: unknown) => (thrown as Error).message,
        );
    const inner = join(folder, 'inner');
    expect(await refused({ accounts: { alice: { home: join(work, 'alias') }, bob: { home: inner } } })).toBe(
      `${join(work, 'alias')} cannot be a home: it contains ${inner}`,
    );
    expect(
      await refused({ accounts: { alice: { home: folder } }, keys: join(work, 'alias/keys') }),
    ).toContain('it contains');
    expect(await refused({ accounts: { alice: { home: '/' } } })).toContain('it is the root of the host');
    expect(await refused({ accounts: { alice: {} }, homes: '/' })).toContain('it is the root of the host');
    const [keys, homes] = [join(work, 'both'), join(work, 'both/homes')];
    expect(await refused({ accounts: { alice: {} }, homes, keys })).toContain('it lies in');
  });

  it('can be granted, but none around another (J5)', async () => {
    const [folder, keys] = [join(work, 'granted'), join(work, 'granted/keys')];
    mkdirSync(folder);
    let home = folder;
    const server = await serving({
      authenticate: ({ method }) => (method === 'password' ? { home } : null),
      keys,
    });
    await expect(Visitor.login(server.port)).rejects.toThrow();
    expect(warnings.join()).toContain(`${folder} cannot be a home: it contains ${keys}`);
    home = join(folder, 'fine');
    mkdirSync(home);
    await visited(server, 'alice', '/a', 'hello');
    expect(readFileSync(join(home, 'a'), 'utf8')).toBe('hello');
  });

  it('are granted right in the folder of homes, and not further below (J5)', async () => {
    const homes = join(work, 'of-grants');
    const server = await serving({
      authenticate: ({ user, method }) =>
        method === 'password' ? { home: join(homes, user === 'bob' ? 'alice/inner' : user) } : null,
      homes,
    });
    await visited(server, 'alice', '/a', 'hello');
    mkdirSync(join(homes, 'alice/inner'));
    await expect(Visitor.login(server.port, { username: 'bob' })).rejects.toThrow();
    expect(warnings.join()).toContain(`${homes}/alice/inner cannot be a home: it lies in ${homes}`);
  });

  it('are granted side by side, or the same, but no two of which one lies in the other (J5)', async () => {
    const outer = join(work, 'outer');
    const inner = join(outer, 'inner');
    mkdirSync(inner, { recursive: true });
    symlinkSync(outer, join(work, 'outer-too'));
    const given: Record<string, string> = {
      alice: outer,
      bob: join(work, 'outer-too/inner'),
      carol: join(work, 'outer-too'),
    };
    const server = await serving({
      authenticate: ({ user, method }) => (method === 'password' ? { home: given[user] ?? '' } : null),
    });
    const alice = await Visitor.login(server.port);
    await expect(Visitor.login(server.port, { username: 'bob' })).rejects.toThrow();
    expect(warnings.join()).toContain(`${given['bob'] ?? ''} cannot be a home: it lies in ${outer}`);
    const carol = await Visitor.login(server.port, { username: 'carol' });
    await carol.write('/shared', 'x');
    expect(await alice.list()).toEqual(['inner', 'shared']);
    await Promise.all([alice.leave(), carol.leave()]);
    const bob = await vi.waitFor(() => Visitor.login(server.port, { username: 'bob' }));
    await expect(Visitor.login(server.port)).rejects.toThrow();
    expect(warnings.join()).toContain(`${outer} cannot be a home: it contains ${given['bob'] ?? ''}`);
    await bob.leave();
  });

  it('are granted to the first of two that come at once (J5)', async () => {
    const outer = join(work, 'at-once');
    mkdirSync(join(outer, 'inner'), { recursive: true });
    const server = await serving({
      authenticate: ({ user, method }) =>
        method === 'password' ? { home: user === 'alice' ? outer : join(outer, 'inner') } : null,
    });
    const tries = await Promise.allSettled(
      ['alice', 'bob'].map((username) => Visitor.login(server.port, { username })),
    );
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('go with their account, which may be granted one inside the one before', async () => {
    let home = join(work, 'moving');
    mkdirSync(join(home, 'inner'), { recursive: true });
    const server = await serving({
      authenticate: ({ method }) => (method === 'password' ? { home } : null),
    });
    const reasons: string[] = [];
    server.on('connection.closed', ({ reason }) => reasons.push(reason));
    const before = await Visitor.login(server.port);
    home = join(home, 'inner');
    await visited(server, 'alice', '/a', 'hello');
    await before.ended;
    expect(reasons).toContain('the home of this account was changed: log in again');
  });
});
