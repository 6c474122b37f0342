import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createServer, Fault, memory, type Server, type ServerOptions } from '../../src/index.js';
import { KeyedPasswords } from '../../src/embed/keyed-passwords.js';
import { Visitor } from './client.js';

const servers: Server[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

const alice = { accounts: { alice: { password: 'secret' } } } as const;

function created(options: Partial<ServerOptions> = {}): Server {
  const server = createServer({ ...alice, vfs: memory(), ...options });
  servers.push(server);
  return server;
}

describe('a server in four lines', () => {
  it('listens on a port of loopback, and gives what a client needs', async () => {
    const server = created();
    expect(await server.listen(0)).toBe(server);
    expect(server.addresses).toEqual([{ host: '127.0.0.1', port: server.port }]);
    expect(server.port).toBeGreaterThan(0);
    expect(server.hostKey).toMatch(/^ssh-ed25519 AAAA\S+$/);
    expect(server.fingerprint).toMatch(/^SHA256:\S{43}$/);
    expect(server.knownHosts).toEqual([`[127.0.0.1]:${server.port} ${server.hostKey}`]);
    let shown = '';
    const visitor = await Visitor.login(server.port, {
      hostVerifier: (key: Buffer) => {
        shown = `ssh-ed25519 ${key.toString('base64')}`;
        return true;
      },
    });
    expect(shown).toBe(server.hostKey);
    await visitor.write('/a.txt', 'hello');
    expect(await visitor.read('/a.txt')).toBe('hello');
    await visitor.leave();
  });

  it.each([[{ host: '127.0.0.1', port: 0 }], ['127.0.0.1:0'], [undefined], [{ port: 0 }]])(
    'listens on %o',
    async (where) => {
      const server = await created().listen(where);
      expect(server.addresses[0]?.host).toBe('127.0.0.1');
      await (await Visitor.login(server.port)).leave();
    },
  );

  it('listens on several addresses, with known_hosts lines for each', async () => {
    const server = await created().listen(0);
    await server.listen('localhost:0');
    expect(server.addresses).toHaveLength(2);
    expect(server.knownHosts).toHaveLength(2);
    await (await Visitor.login(server.addresses[1]?.port ?? 0)).leave();
  });

  it('knows nothing of itself before it listens, and says so', () => {
    const server = created();
    for (const ask of ['port', 'hostKey', 'fingerprint', 'knownHosts'] as const) {
      expect(() => server[ask]).toThrow('the server does not listen yet: await its listen() first');
    }
    expect(server.addresses).toEqual([]);
  });

  it('can try another port when one is taken', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const server = created();
    await expect(server.listen(port)).rejects.toMatchObject({ code: 'busy' });
    expect(() => server.port).toThrow('does not listen yet');
    await server.listen(0);
    await (await Visitor.login(server.port)).leave();
    taken.close();
  });

  it('tells why it cannot listen, although what began cannot be ended either', async () => {
    vi.spyOn(KeyedPasswords.prototype, 'close').mockRejectedValueOnce(new Error('it hangs'));
    const server = created();
    const warned = vi.fn();
    server.on('server.warning', warned);
    await expect(server.listen('192.0.2.1:0')).rejects.toThrow('192.0.2.1 is not an address of this machine');
    expect(warned.mock.calls).toEqual([[{ message: 'what began could not be ended: Error: it hangs' }]]);
  });

  it('can try several at once, one of them taken', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const server = created();
    const tries = await Promise.allSettled([server.listen(port), server.listen('localhost:0')]);
    expect(tries.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await (await Visitor.login(server.port)).leave();
    taken.close();
  });

  it('names its software to clients as it is told', async () => {
    const idents: unknown[] = [];
    for (const ident of [undefined, 'Files_1.0']) {
      const server = await created(ident === undefined ? {} : { ident }).listen(0);
      const visitor = await Visitor.login(server.port, {
        debug: (line) => idents.push(...(/Remote ident: '(.*)'/.exec(line)?.slice(1) ?? [])),
      });
      await visitor.leave();
    }
    expect(idents).toEqual([expect.stringMatching(/^SSH-2.0-Plimsoll_\d+\.\d+\.\d+$/), 'SSH-2.0-Files_1.0']);
  });
});

describe('accounts', () => {
  it('come in by the right password alone, whoever they are (A2)', async () => {
    const reasons: string[] = [];
    const server = await created({
      accounts: { alice: { password: 'secret' }, nobody: {} },
    })
      .on('login.failed', ({ user, method, reason }) => reasons.push(`${user} ${method}: ${reason}`))
      .listen(0);
    for (const login of [
      { username: 'alice', password: 'wrong' },
      { username: 'nobody', password: 'secret' },
      { username: 'bob', password: 'secret' },
      { username: 'bob/../alice', password: 'secret' },
    ]) {
      await expect(Visitor.login(server.port, login)).rejects.toThrow(
        'All configured authentication methods failed',
      );
    }
    expect(reasons).toEqual([
      'alice password: wrong password',
      'nobody password: no password set',
      'bob password: unknown user',
      'bob/../alice password: not a user name',
    ]);
    await (await Visitor.login(server.port, { username: 'ALICE' })).leave();
  });

  it('may only read, and expire', async () => {
    const vfs = memory();
    const server = await created({
      accounts: {
        alice: { password: 'secret', readOnly: true },
        late: { password: 'secret', expires: '2020-01-01' },
        dated: { password: 'secret', expires: new Date(Date.now() + 60_000) },
      },
      vfs,
    }).listen(0);
    const visitor = await Visitor.login(server.port);
    await expect(visitor.write('/a', 'x')).rejects.toThrow('this account may only read');
    await visitor.leave();
    await expect(Visitor.login(server.port, { username: 'late' })).rejects.toThrow('authentication');
    const dated = await Visitor.login(server.port, { username: 'dated' });
    await dated.write('/a', 'x');
    await dated.leave();
  });

  it('see their line and what they use', async () => {
    const server = await created({
      accounts: {
        alice: { password: 'secret', quota: '10MB', files: 7 },
        free: { password: 'secret', quota: 'none', vfs: memory() },
      },
    }).listen(0);
    const visitor = await Visitor.login(server.port);
    await visitor.write('/a', 'x'.repeat(1234));
    expect(await visitor.status()).toMatchObject({
      account: 'alice',
      home: { bytes: { used: 1234, limit: 10_000_000 }, files: { used: 1, limit: 7 } },
    });
    await visitor.leave();
    const free = await Visitor.login(server.port, { username: 'free' });
    expect((await free.status()).home).toEqual({
      bytes: { used: 0, limit: null },
      files: { used: 0, limit: null },
    });
    await free.leave();
  });
});

describe('events', () => {
  it('come to those who asked for them, by name, once, or all', async () => {
    const server = created();
    const seen: string[] = [];
    const closed = ({ path, bytesWritten }: { path: string; bytesWritten: number }): void =>
      void seen.push(`${path} ${bytesWritten}`);
    const out = server.subscribe((name) => void seen.push(name));
    server.on('file.closed', closed).on('file.closed', closed).once('file.closed', closed);
    await server.listen(0);
    out();
    const visitor = await Visitor.login(server.port);
    await visitor.write('/a', '1');
    await vi.waitFor(() => expect(seen).toEqual(['server.started', '/a 1', '/a 1', '/a 1']));
    server.off('file.closed', closed);
    await visitor.write('/b', '22');
    await vi.waitFor(() => expect(seen.slice(4)).toEqual(['/b 2']));
    server.off('file.closed', closed).off('file.closed', closed);
    await visitor.write('/c', '333');
    await visitor.leave();
    expect(seen.slice(5)).toEqual([]);
  });

  it('reach all listeners although one throws and another rejects; the process warns once of each (P1)', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const server = await created().listen(0);
    let heard = 0;
    server
      .on('file.opened', () => {
        throw new Error('mine');
      })
      .on('file.opened', () => Promise.reject(new Error('later')))
      .on('file.opened', () => (heard += 1));
    const visitor = await Visitor.login(server.port);
    await visitor.write('/a', '1');
    await visitor.write('/b', '2');
    await visitor.leave();
    expect(heard).toBe(2);
    expect(warned.mock.calls.map(([error]) => String(error))).toEqual([
      'Error: a listener to events fails, first at file.opened: Error: mine',
      'Error: a listener to events fails, first at file.opened: Error: later',
    ]);
  });
});

describe('sessions', () => {
  it('are listed, and can be closed with a sentence', async () => {
    const server = await created().listen(0);
    const visitor = await Visitor.login(server.port);
    const [session, ...more] = server.sessions();
    expect(more).toEqual([]);
    expect(session).toMatchObject({
      account: 'alice',
      address: '127.0.0.1',
      client: expect.stringContaining('ssh2js') as string,
      method: 'password',
    });
    expect(session?.since).toBeInstanceOf(Date);
    session?.close('the office is closing');
    await visitor.ended;
    expect(server.sessions()).toEqual([]);
  });
});

describe('the end', () => {
  it('lets nobody in any more, is told, and comes once', async () => {
    const server = await created().listen(0);
    const told: string[] = [];
    server.subscribe((name) => {
      if (name.startsWith('server.')) told.push(name);
    });
    const { port } = server;
    const visitor = await Visitor.login(port);
    const closing = [server.close({ grace: 50 }), server.close()];
    await Promise.all(closing);
    await visitor.ended;
    await server.close();
    expect(told).toEqual(['server.stopping', 'server.stopped']);
    await expect(Visitor.login(port)).rejects.toThrow('ECONNREFUSED');
    await expect(server.listen(0)).rejects.toMatchObject({
      code: 'cancelled',
      message: 'the server was closed',
    });
  });

  it('comes before what begins to listen: that ends, and serves nobody', async () => {
    const unborn = created();
    const first = expect(unborn.listen(0)).rejects.toMatchObject({ code: 'cancelled' });
    await unborn.close();
    await first;
    expect(unborn.addresses).toEqual([]);
    const server = await created().listen(0);
    const second = expect(server.listen(0)).rejects.toMatchObject({ code: 'cancelled' });
    await server.close();
    await second;
    expect(server.addresses).toHaveLength(1);
  });

  it('comes with the end of a block that has the server by `await using`', async () => {
    let port: number;
    {
      await using server = await createServer({ ...alice, vfs: memory() }).listen(0);
      port = server.port;
      await (await Visitor.login(port)).leave();
    }
    await expect(Visitor.login(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('of a server that never listened is nothing, and no reason to advise it to listen', async () => {
    const server = created();
    await server.close();
    for (const ask of ['port', 'hostKey', 'fingerprint', 'knownHosts'] as const) {
      expect(() => server[ask]).toThrow('the server was closed');
    }
  });

  it('leaves known what was known', async () => {
    const server = await created().listen(0);
    const known = () => [
      server.port,
      server.addresses,
      server.hostKey,
      server.fingerprint,
      server.knownHosts,
    ];
    const before = known();
    await server.close();
    expect(known()).toEqual(before);
  });

  it('waits for a request that is being answered', async () => {
    const inner = memory();
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const slow = Object.create(inner) as typeof inner;
    let asked = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    slow.mkdir = async (path, mode) => {
      asked();
      await held;
      return inner.mkdir(path, mode);
    };
    for (const name of ['open', 'list', 'stat', 'realpath', 'space', 'close'] as const) {
      slow[name] = (inner[name] as (...args: unknown[]) => never).bind(inner);
    }
    const server = await created({ vfs: slow }).listen(0);
    const visitor = await Visitor.login(server.port);
    visitor.connection.sftp((_error, sftp) => sftp.mkdir('/made', () => undefined));
    await arrived;
    const closing = server.close({ grace: 10_000 });
    goOn();
    visitor.connection.end();
    await closing;
    expect((await inner.stat('/made', { follow: true })).kind).toBe('folder');
  });
});

describe('what is refused at createServer, in a sentence', () => {
  const vfs = memory();
  it.each<[string, unknown, string]>([
    ['no options', undefined, 'createServer: the options must be an object'],
    ['nobody', { vfs }, "createServer: nobody could log in: give 'accounts', 'authenticate', or both"],
    [
      'an unknown option',
      { ...alice, vfs, acounts: {} },
      "createServer: there is no option 'acounts'; did you mean 'accounts'?",
    ],
    [
      'an unknown option of an account',
      { accounts: { alice: { readonly: true } }, vfs },
      "the account 'alice': there is no option 'readonly'; did you mean 'readOnly'?",
    ],
    [
      'no files',
      alice,
      "the account 'alice' has no files: give it 'vfs' or 'home', or the server 'vfs' or 'homes'",
    ],
    [
      'an empty password',
      { accounts: { alice: { password: '' } }, vfs },
      "the account 'alice': the password is empty",
    ],
    [
      'a password with a line end',
      { accounts: { alice: { password: 'secret\n' } }, vfs },
      "the account 'alice': the password holds a control character or line end",
    ],
    [
      'a password that is none',
      { accounts: { alice: { password: 7 } }, vfs },
      "the account 'alice': password must be text",
    ],
    [
      'a hash that is none',
      { accounts: { alice: { passwordHash: '$2b$10$abc' } }, vfs },
      "the account 'alice': passwordHash must be like $scrypt$ln=16,r=8,p=1$salt$hash",
    ],
    [
      'two passwords',
      { accounts: { alice: { password: 'a', passwordHash: 'b' } }, vfs },
      "the account 'alice' has both 'password' and 'passwordHash': give one of them",
    ],
    [
      'a name with a slash',
      { accounts: { 'a/b': {} }, vfs },
      "the account 'a/b': an account name has 1 to 64 letters",
    ],
    [
      'the name of anonymous logins',
      { accounts: { ftp: {} }, vfs },
      "the account 'ftp': the name 'ftp' is kept for anonymous logins",
    ],
    [
      'names that differ in case',
      { accounts: { alice: {}, Alice: {} }, vfs },
      "the accounts 'alice' and 'Alice' differ in case only",
    ],
    [
      'a private key as a key',
      { accounts: { alice: { keys: ['-----BEGIN OPENSSH PRIVATE KEY-----'] } }, vfs },
      'this is a private key',
    ],
    [
      'a key in place of keys',
      { accounts: { alice: { keys: 'ssh-ed25519 AAAA' } }, vfs },
      'keys must be a list of authorized_keys lines',
    ],
    [
      'a quota',
      { accounts: { alice: { quota: '10 elephants' } }, vfs },
      'quota must be a size like 100MB, or none',
    ],
    [
      'a number of files',
      { accounts: { alice: { files: -1 } }, vfs },
      'files must be a whole number, or none',
    ],
    ['a date', { accounts: { alice: { expires: '2027-02-30' } }, vfs }, "'2027-02-30' is not a date"],
    ['a Date', { accounts: { alice: { expires: new Date('nonsense') } }, vfs }, 'expires must be a Date'],
    [
      'two kinds of files',
      { accounts: { alice: { home: '/x', vfs } } },
      "has both 'home' and 'vfs': give one of them",
    ],
    ['a Vfs that is none', { ...alice, vfs: {} }, "createServer: vfs is not a Vfs: it has no method 'open'"],
    [
      'an authenticate that is none',
      { authenticate: true, vfs },
      'createServer: authenticate must be a function',
    ],
    [
      'an authenticate that asks for two',
      { authenticate: (user: string, password: string) => user === password, vfs },
      'createServer: authenticate is asked with one object: ({ user, password }) => ...',
    ],
    ['a Map', { accounts: new Map([['alice', {}]]), vfs }, 'createServer: accounts must be an object'],
    [
      'a host key that is none',
      { ...alice, vfs, hostKey: 'nonsense' },
      'the host key is not a private key that can be read',
    ],
    ['no host key', { ...alice, vfs, hostKey: [] }, 'createServer: hostKey is an empty list'],
    [
      'keys and a key',
      { ...alice, vfs, hostKey: 'x', keys: 'y' },
      "createServer has both 'hostKey' and 'keys'",
    ],
    [
      'a setting that is none',
      { ...alice, vfs, settings: { 'login.try': 3 } },
      "there is no setting 'login.try'",
    ],
    [
      'a setting',
      { ...alice, vfs, settings: { 'login.tries': 0 } },
      'login.tries is 0 in the settings: allowed is a whole number from 1 to 100',
    ],
    [
      'an algorithm that is none',
      { ...alice, vfs, settings: { 'algorithms.kex': ['rot13'] } },
      "algorithms.kex: 'rot13' is not among ",
    ],
    [
      'where to listen as a setting',
      { ...alice, vfs, settings: { listen: '127.0.0.1:0' } },
      "listen is no setting of an embedded server: say it to the server's method listen()",
    ],
    [
      'an ident with a blank',
      { ...alice, vfs, ident: 'My Files' },
      'createServer: ident must be printable ASCII',
    ],
  ])('%s', (_what, options, sentence) => {
    const creating = (): Server => createServer(options as ServerOptions);
    expect(creating).toThrow(Fault);
    expect(creating).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(creating).toThrow(sentence);
  });

  it('and where to listen, at listen', async () => {
    const server = created();
    for (const where of [-1, 65_536, 1.5, 'nonsense', { port: '22' }, null, { host: '', port: 1 }]) {
      await expect(server.listen(where as never)).rejects.toThrow('is not where to listen');
    }
    await expect(server.listen({ prot: 1 } as never)).rejects.toThrow(
      "there is no option 'prot'; did you mean 'port'?",
    );
  });

  it('and what is no listener, at once', () => {
    const server = created();
    expect(() => server.on('file.closed', undefined as never)).toThrow(
      "the listener of 'file.closed' must be a function",
    );
    expect(() => server.subscribe('file.closed' as never)).toThrow('the listener must be a function');
  });

  it('and two lines for one home', async () => {
    const accounts = { alice: { quota: '1MB' }, bob: {}, carol: { quota: '2MB' } };
    const sentence = "the accounts 'alice' and 'carol' share a home, which has one line";
    expect(() => createServer({ accounts, vfs })).toThrow(sentence);
    const home = { home: '/srv/one' };
    expect(() =>
      createServer({ accounts: { alice: { quota: 1, ...home }, carol: { files: 1, ...home } } }),
    ).toThrow(sentence);
    await created({ accounts: { alice: { quota: '1MB' }, bob: { quota: 1_000_000 } } }).listen(0);
    createServer({ accounts, vfs: () => memory() });
    createServer({ accounts, homes: '/srv' });
  });
});

describe('settings', () => {
  it('are taken as values and as text, by the names they have in the server', async () => {
    const server = await created({
      settings: { 'login.tries': '1', 'session.handles': 4, umask: '077' },
    }).listen(0);
    const visitor = await Visitor.login(server.port);
    expect((await visitor.status()).limits.handles).toBe(4);
    await visitor.leave();
    const attempts: string[] = [];
    server.on('login.failed', ({ reason }) => attempts.push(reason));
    await expect(
      Visitor.login(server.port, {
        password: 'wrong',
        tryKeyboard: false,
        authHandler: ['password', 'password'] as never,
      }),
    ).rejects.toThrow();
    expect(attempts).toHaveLength(1);
  });
});
