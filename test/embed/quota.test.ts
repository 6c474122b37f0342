import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createServer, memory, type AccountOptions, type Server, type Vfs } from '../../src/index.js';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { Visitor } from './client.js';

const limit = 100_000;
const lined = { password: 'secret', quota: limit, files: 10 } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-embed-quota-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

async function serve(options: Parameters<typeof createServer>[0]): Promise<Server> {
  const server = createServer(options);
  servers.push(server);
  return server.listen(0);
}

/** A filesystem of the program's own. */
class OwnVfs extends DelegatingVfs {}

function fresh(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** Each way in which a program gives files to accounts. */
const sources: Readonly<Record<string, (account: AccountOptions) => Parameters<typeof createServer>[0]>> = {
  'files in memory': (alice) => ({ accounts: { alice }, vfs: memory() }),
  "a Vfs of the program's own": (alice) => ({ accounts: { alice }, vfs: new OwnVfs(memory()) }),
  "a Vfs of the account's own": (alice) => ({ accounts: { alice: { ...alice, vfs: memory() } } }),
  'files that are made for each connection': (alice) => ({ accounts: { alice }, vfs: () => memory() }),
  'a folder for each account': (alice) => ({ accounts: { alice }, homes: fresh('homes') }),
  "the account's own folder": (alice) => ({ accounts: { alice: { ...alice, home: fresh('home') } } }),
  'a grant with a folder': ({ password, ...granted }) => ({
    authenticate: (login) =>
      login.password === password && { ...granted, home: fresh(`granted ${login.user}`) },
  }),
};

describe.each(Object.entries(sources))('with %s', (_name, options) => {
  it('the line holds: what is over it is refused by the sentence, and what is removed is room again', async () => {
    const server = await serve(options(lined));
    const alice = await Visitor.login(server.port);
    await alice.write('/most', 'x'.repeat(90_000));
    await expect(alice.write('/rest', 'x'.repeat(10_001))).rejects.toThrow(
      'quota exceeded: 90 KB of 100 KB used, 10.001 KB more needed',
    );
    await alice.write('/rest', 'x'.repeat(10_000));
    expect((await alice.status()).home).toEqual({
      bytes: { used: limit, limit },
      files: { used: 2, limit: 10 },
    });
    // Overwritten in place.
    await alice.write('/most', 'y'.repeat(90_000));
    await alice.remove('/most');
    await alice.write('/again', 'x'.repeat(90_000));
    for (let index = 0; index < 8; index++) await alice.write(`/empty-${index}`, '');
    await expect(alice.write('/one more', '')).rejects.toThrow(
      'quota exceeded: 10 of 10 files used, 1 more needed',
    );
    expect((await alice.status()).home.files.used).toBe(10);
    await alice.leave();
  });
});

it('accounts that share a Vfs share its line', async () => {
  const vfs: Vfs = memory();
  const server = await serve({
    accounts: { alice: lined, bob: { password: 'secret', quota: limit, files: 10 } },
    vfs,
  });
  const alice = await Visitor.login(server.port);
  const bob = await Visitor.login(server.port, { username: 'bob' });
  await alice.write('/theirs', 'x'.repeat(60_000));
  await expect(bob.write('/his', 'x'.repeat(40_001))).rejects.toThrow('quota exceeded');
  await bob.write('/his', 'x'.repeat(40_000));
  expect((await alice.status()).home.bytes.used).toBe(limit);
  await Promise.all([alice.leave(), bob.leave()]);
});

it('what was there before the server is on the bill', async () => {
  const vfs = memory();
  const made = await vfs.open('/before', { write: true, create: true });
  await made.write([Buffer.alloc(70_000)], 0);
  await made.close();
  const server = await serve({ accounts: { alice: lined }, vfs });
  const alice = await Visitor.login(server.port);
  await expect(alice.write('/more', 'x'.repeat(30_001))).rejects.toThrow(
    'quota exceeded: 70 KB of 100 KB used',
  );
  await alice.leave();
});

it('a home that has been served before is charged with what is in it', async () => {
  const homes = fresh('served twice');
  for (const [round, size] of [60_000, 40_000].entries()) {
    const server = await serve({ accounts: { alice: lined }, homes });
    const alice = await Visitor.login(server.port);
    await expect(alice.write('/large', 'x'.repeat(limit + 1 - round * 60_000))).rejects.toThrow(
      'quota exceeded',
    );
    await alice.remove('/large').catch(() => undefined);
    await alice.write(`/file-${round}`, 'x'.repeat(size));
    await alice.leave();
    await server.close();
  }
  expect(readdirSync(join(homes, 'alice')).sort()).toEqual(['file-0', 'file-1']);
  expect(statSync(join(homes, 'alice/file-1')).size).toBe(40_000);
});
