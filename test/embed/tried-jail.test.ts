import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServer, Fault, type Server, type ServerOptions } from '../../src/index.js';
import { assertJailWorksFor } from '../../src/vfs/self-test.js';
import { Visitor } from './client.js';

vi.mock(import('../../src/vfs/self-test.js'), async (original) => {
  const real = await original();
  return { ...real, assertJailWorksFor: vi.fn(real.assertJailWorksFor) };
});
const tried = vi.mocked(assertJailWorksFor);

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-tried-jail-'));
});
afterAll(() => rmSync(work, { recursive: true }));

const servers: Server[] = [];
beforeEach(() => tried.mockClear());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

function created(options: ServerOptions): Server {
  const server = createServer(options);
  servers.push(server);
  return server;
}

function folder(name: string): string {
  mkdirSync(join(work, name));
  return join(work, name);
}

describe('the jail is tried (J1)', () => {
  it('in the first home of an account, where there is no folder of homes, and nothing is left there', async () => {
    const home = folder('own');
    await created({ accounts: { alice: { home } } }).listen(0);
    expect(tried.mock.calls).toEqual([[home]]);
    expect(readdirSync(home)).toEqual([]);
  });

  it('in the first home that is granted, once it works, and nothing is left there', async () => {
    const homes: Readonly<Record<string, string>> = { alice: folder('a'), bob: folder('b') };
    const server = await created({
      authenticate: ({ user, method }) => (method === 'password' ? { home: homes[user] ?? '' } : null),
    }).listen(0);
    const warnings: string[] = [];
    server.on('server.warning', ({ message }) => warnings.push(message));
    tried.mockImplementationOnce(() => {
      throw new Fault('unsupported', 'homes cannot be kept apart on this host');
    });
    await expect(Visitor.login(server.port)).rejects.toThrow();
    expect(warnings.join()).toContain('homes cannot be kept apart on this host');
    for (const username of ['alice', 'bob']) {
      const visitor = await Visitor.login(server.port, { username });
      expect(await visitor.list()).toEqual([]);
      await visitor.leave();
    }
    expect(tried.mock.calls).toEqual([[homes['alice']], [homes['alice']]]);
  });
});
