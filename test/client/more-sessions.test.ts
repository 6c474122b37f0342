import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/connect.js';
import type { ConnectOptions } from '../../src/client/connection.js';
import type { Link } from '../../src/client/link.js';
import { getMany, putMany } from '../../src/client/many.js';
import { createLink } from '../../src/client/reconnecting.js';
import type { Remote } from '../../src/client/remote.js';
import { fromText } from '../../src/names.js';
import { startServer, type TestServer } from '../interop/server.js';
import { treeOf, type Tree } from '../interop/tree.js';
import { keyFrom, login, options } from './connecting.js';
import { manyOptions } from './linked.js';
import { startRawServer, versionReply, type Answering } from './raw-server.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

const work = mkdtempSync(join(tmpdir(), 'plimsoll-sessions-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A link, and what it has asked for. */
function counted(to: ConnectOptions): {
  readonly link: Link;
  readonly seen: { connections: number; granted: number; refused: number };
} {
  const seen = { connections: 0, granted: 0, refused: 0 };
  const link = createLink({
    retries: 0,
    connect: async () => {
      const connection = await connect(to);
      seen.connections++;
      return {
        ...connection,
        more: async () => {
          const remote = await connection.more();
          if (remote) seen.granted++;
          else seen.refused++;
          return remote;
        },
      };
    },
  });
  return { link, seen };
}

function makeTree(): string {
  const folder = join(work, 'tree');
  for (const inner of ['a', 'b']) {
    mkdirSync(join(folder, inner), { recursive: true });
    for (let file = 0; file < 40; file++)
      writeFileSync(join(folder, inner, `file ${file}`), randomBytes(file * 37));
  }
  return folder;
}

/** There and back with eight jobs. */
async function moveTree(link: Link, remote: string): Promise<{ readonly sent: Tree; readonly back: Tree }> {
  const tree = makeTree();
  const back = mkdtempSync(join(work, 'back-'));
  const parts = manyOptions({ jobs: 8 });
  const put = await putMany(link, [{ local: fromText(tree), remote: fromText(remote) }], parts.options);
  const got = await getMany(
    link,
    [{ local: fromText(join(back, 'tree')), remote: fromText(remote) }],
    parts.options,
  );
  expect([put.failed, got.failed]).toEqual([[], []]);
  return { sent: treeOf(tree), back: treeOf(join(back, 'tree')) };
}

describe('several sessions at our server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('move a tree to equal bytes over one connection', async () => {
    const { link, seen } = counted(options(server, login('alice', { keys: [keyFrom(server.keyFile)] })));
    const { sent, back } = await moveTree(link, 'tree');
    expect(back).toEqual(sent);
    expect(seen).toEqual({ connections: 1, granted: 3, refused: 0 });
    await link.end();
    await expect(link.use(() => Promise.resolve())).rejects.toMatchObject({ code: 'no-connection' });
  });
});

describe.skipIf(withoutSshd())("several sessions at OpenSSH's server", () => {
  const who = (sshd: Sshd) => login(sshd.user, { keys: [keyFrom(sshd.keyFile)] });

  it('move a tree to equal bytes over one connection', async () => {
    const sshd = await startSshd();
    try {
      const { link, seen } = counted(options(sshd, who(sshd)));
      const { sent, back } = await moveTree(link, join(sshd.folder, 'tree'));
      expect(back).toEqual(sent);
      expect(seen).toEqual({ connections: 1, granted: 3, refused: 0 });
      await link.end();
    } finally {
      await sshd.stop();
    }
  });

  it.each([1, 2])('are done without where MaxSessions is %i', async (most) => {
    const sshd = await startSshd({ config: [`MaxSessions ${most}`] });
    try {
      const { link, seen } = counted(options(sshd, who(sshd)));
      const { sent, back } = await moveTree(link, join(sshd.folder, 'tree'));
      expect(back).toEqual(sent);
      expect(seen).toEqual({ connections: 1, granted: most - 1, refused: 1 });
      await link.end();
    } finally {
      await sshd.stop();
    }
  });

  it('leave the second of two channels to commands while one session is enough', async () => {
    const sshd = await startSshd({ config: ['MaxSessions 2'] });
    try {
      const connection = await connect(options(sshd, who(sshd)));
      const said = await connection.remote.exec('echo yes');
      expect(said.stdout.toString()).toBe('yes\n');
      await connection.end();
    } finally {
      await sshd.stop();
    }
  });

  it('leave room for commands, which wait for each other', async () => {
    const sshd = await startSshd();
    try {
      const connection = await connect(options(sshd, who(sshd)));
      for (let session = 0; session < 3; session++) expect(await connection.more()).not.toBeNull();
      const numbers = Array.from({ length: 20 }, (_, number) => String(number));
      const said = await Promise.all(numbers.map((number) => connection.remote.exec(`echo ${number}`)));
      expect(said.map(({ stdout }) => stdout.toString().trim())).toEqual(numbers);
      await connection.end();
    } finally {
      await sshd.stop();
    }
  });
});

describe('a session beside others', () => {
  const answer =
    (special: Answering): Answering =>
    (request, raw) => {
      const given = special(request, raw);
      if (given) return given;
      if (request.kind === 'init') return versionReply();
      if (request.kind === 'realpath')
        return { kind: 'name', id: request.id, entries: [{ name: '/', longname: '/', attrs: {} }] };
      return request.kind === 'stat' ? { kind: 'attrs', id: request.id, attrs: { size: 7 } } : null;
    };

  /** Keeps one session busy until `go`, and waits for another one. */
  async function withTwo(link: Link): Promise<{ readonly go: () => void; readonly held: Promise<unknown> }> {
    const first = await link.remote();
    let go = (): void => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    const held = link.use(async (remote) => {
      await gone;
      return remote.stat('/held');
    });
    await vi.waitFor(() =>
      Promise.all([1, 2].map(() => link.use((remote) => isOther(remote, first)))).then(some),
    );
    return { go, held };
  }
  // Two at once, so that there is one too many for the first session.
  const isOther = async (remote: Remote, first: Remote): Promise<boolean> => {
    await remote.stat('/');
    return remote !== first;
  };
  const some = (others: readonly boolean[]): void => {
    if (!others.includes(true)) throw new Error('there is no other yet');
  };

  it('may end alone: what was asked of it is asked of another one, and the others go on', async () => {
    const server = await startRawServer({
      answer: answer((request, { channel }) => {
        if (request.kind === 'stat' && request.path === '/dies') channel.close();
        return null;
      }),
    });
    const { link, seen } = counted(options(server, login('alice')));
    const { go, held } = await withTwo(link);
    const attempts: number[] = [];
    const size = await link.use(async (remote, { number }) => {
      attempts.push(number);
      return (await remote.stat(number === 0 ? '/dies' : '/lives')).size;
    });
    expect(size).toBe(7);
    expect(attempts).toEqual([0, 1]);
    go();
    expect(await held).toMatchObject({ size: 7 });
    expect(seen.connections).toBe(1);
    await link.end();
    server.stop();
  });

  it('ends the connection where it breaks the protocol', async () => {
    const server = await startRawServer({
      answer: answer((request) =>
        request.kind === 'stat' && request.path === '/lies'
          ? { kind: 'attrs', id: request.id + 1, attrs: {} }
          : null,
      ),
    });
    const { link } = counted(options(server, login('alice')));
    const { go, held } = await withTwo(link);
    await expect(link.use((remote) => remote.stat('/lies'))).rejects.toMatchObject({ code: 'bad-message' });
    go();
    // For the others the connection is lost, which a link with retries would mend.
    await expect(held).rejects.toMatchObject({ code: 'no-connection' });
    await link.end();
    server.stop();
  });

  it('that never begins is given up, and the first goes on', async () => {
    let begun = 0;
    const server = await startRawServer({
      answer: (request, raw) =>
        request.kind === 'init' && ++begun > 1 ? null : answer(() => null)(request, raw),
    });
    const connection = await connect(options(server, login('alice'), { timeout: 500 }));
    expect(await connection.more()).toBeNull();
    expect(await connection.more()).toBeNull();
    expect(await connection.remote.stat('/')).toMatchObject({ size: 7 });
    await connection.end();
    server.stop();
  });
});
