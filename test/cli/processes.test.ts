import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SftpClient from 'ssh2-sftp-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Overall } from '../../src/admin/status.js';
import { commandsOn } from './in-process.js';
import { killAll, rootWithAlice, rootWithKeys, serve } from './running.js';

const clients: SftpClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  killAll();
});

async function connect(port: number, username = 'alice', password = 'secret'): Promise<SftpClient> {
  const silent = { error: () => undefined, end: () => undefined, close: () => undefined };
  const client = new SftpClient('test', silent);
  clients.push(client);
  await client.connect({ host: '127.0.0.1', port, username, password });
  return client;
}

/** What a file holds. */
async function read(client: SftpClient | undefined, path: string): Promise<string> {
  return ((await client?.get(path)) as Buffer).toString();
}

async function statusOf(root: string): Promise<Overall & { readonly exit: number | null }> {
  const { status, stdout } = await commandsOn(root)(['status', '--json']);
  return { ...(JSON.parse(stdout) as Overall), exit: status };
}

const pidsOf = ({ processes }: Overall): readonly number[] => (processes ?? []).map(({ pid }) => pid);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const ended = async (pids: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 15_000 });

describe('two servers on one root', () => {
  it('start together, serve the same files, and one goes on when the other is killed', async () => {
    const root = rootWithKeys();
    const [first, second] = await Promise.all([serve(root), serve(root)]);
    const printed = [first, second].map((server) => /shown this once: (\S+)\n/.exec(server.out())?.[1]);
    const [password, ...more] = printed.filter((text) => text !== undefined);
    expect(more).toEqual([]);
    const known = readFileSync(join(root, 'var', 'known_hosts'), 'utf8');
    for (const server of [first, second])
      expect(known).toContain(`[127.0.0.1]:${server.port()} ssh-ed25519 `);

    const [one, other] = await Promise.all([first, second].map((on) => connect(on.port(), 'demo', password)));
    await one?.put(Buffer.from('from the first'), '/a.txt');
    await other?.put(Buffer.from('from the second'), '/b.txt');
    expect(await read(other, '/a.txt')).toBe('from the first');
    expect(await read(one, '/b.txt')).toBe('from the second');

    const status = await statusOf(root);
    expect(new Set(pidsOf(status))).toEqual(new Set([first.child.pid, second.child.pid]));
    expect(status.sessions).toHaveLength(2);
    expect(status.listening).toHaveLength(2);
    const { stdout } = await commandsOn(root)(['status']);
    expect(stdout.match(/^plimsoll \S+ serves /gm)).toHaveLength(2);
    expect(stdout.match(/^ {2}demo from 127\.0\.0\.1 /gm)).toHaveLength(2);

    first.child.kill('SIGKILL');
    await first.ended;
    expect(await read(other, '/a.txt')).toBe('from the first');
    const { exit, ...left } = await statusOf(root);
    expect(left).toMatchObject({ running: true, pid: second.child.pid });
    expect(left).not.toHaveProperty('processes');
    expect(exit).toBe(0);

    const taken = serve(root, ['--listen', `127.0.0.1:${second.port()}`]);
    const third = await serve(root);
    const unclean = 'the server before this one did not come to a clean end';
    await vi.waitFor(() => expect(third.err()).toContain(unclean));
    expect((await (await taken).ended).code).toBe(1);
    expect((await taken).err()).toMatch(new RegExp(`plimsoll: port ${second.port()} on 127.0.0.1 is taken`));
    expect(second.err()).not.toContain(unclean);
    expect(await Promise.all([second.stop(), third.stop()])).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect((await statusOf(root)).exit).toBe(8);
  });
});

describe('serve --workers', () => {
  it('serves by that many processes, replaces one that dies, and a signal to any of them ends all', async () => {
    const root = await rootWithAlice();
    const server = await serve(root, ['--listen', '127.0.0.1:0', '--workers', '3']);
    expect(server.out().match(/^plimsoll listening on /gm)).toHaveLength(1);
    const all = await Promise.all(Array.from({ length: 6 }, () => connect(server.port())));
    await Promise.all(all.map((client, index) => client.put(Buffer.from(`file ${index}`), `/${index}.txt`)));
    const status = await statusOf(root);
    expect(pidsOf(status)).toHaveLength(3);
    expect(pidsOf(status)).not.toContain(server.child.pid);
    expect(status.processes?.map(({ supervisor }) => supervisor)).toEqual(Array(3).fill(server.child.pid));
    expect(status.listening).toEqual([`127.0.0.1:${server.port()}`]);
    expect(status.sessions).toHaveLength(6);
    const busy = (status.processes ?? []).filter(({ sessions }) => sessions.length > 0);
    expect(busy.length).toBeGreaterThan(1);

    const [victim] = busy;
    const gone = victim?.sessions.length ?? 0;
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    const sentence = `worker ${victim?.pid} ended: signal SIGKILL; another takes its place`;
    const now = await vi.waitFor(
      async () => {
        expect(server.err()).toContain(sentence);
        const later = await statusOf(root);
        expect(pidsOf(later)).toHaveLength(3);
        return later;
      },
      { timeout: 15_000 },
    );
    expect(pidsOf(now)).not.toContain(victim?.pid);
    const left = await Promise.allSettled(all.map((client) => read(client, '/5.txt')));
    expect(left.filter((one) => one.status === 'fulfilled' && one.value === 'file 5')).toHaveLength(6 - gone);
    const taken = await serve(root, ['--listen', `127.0.0.1:${server.port()}`, '--workers', '2']);
    expect((await taken.ended).code).toBe(1);
    expect(taken.err().match(/is taken: another program listens there/g)).toHaveLength(1);

    // Each in turn, so that the new one has some too.
    for (let number = 0; number < 3; number++) await connect(server.port());

    process.kill(pidsOf(now)[1] ?? 0, 'SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.err()).toContain('"event":"server.stopped","clean":true');
    const audit = readFileSync(join(root, 'var', 'audit.log'), 'utf8')
      .trimEnd()
      .split('\n');
    const names = audit.map((line) => (JSON.parse(line) as { readonly event: string }).event);
    expect(names.filter((name) => name === 'server.started')).toHaveLength(1);
    expect(names.filter((name) => name === 'login.succeeded')).toHaveLength(9);
    expect(server.err()).not.toContain('clean end');
    expect((await statusOf(root)).exit).toBe(8);
  });

  it('ends its workers with the process that started them, and itself when they die again and again', async () => {
    const root = await rootWithAlice();
    const args = ['--listen', '127.0.0.1:0', '--workers', '2'];
    const orphaning = await serve(root, args);
    const orphans = pidsOf(await statusOf(root));
    expect(orphans).toHaveLength(2);
    orphaning.child.kill('SIGKILL');
    await ended(orphans);
    expect((await statusOf(root)).exit).toBe(8);

    const bomb = join(dirname(root), 'bomb.cjs');
    const lit = join(dirname(root), 'lit');
    writeFileSync(
      bomb,
      `if (process.env.PLIMSOLL_SUPERVISED && require('node:fs').existsSync(${JSON.stringify(lit)})) process.exit(7);`,
    );
    const server = await serve(root, args, dirname(root), ['--require', bomb]);
    await vi.waitFor(() => expect(server.err()).toContain('did not come to a clean end'));
    writeFileSync(lit, '');
    const pids = pidsOf(await statusOf(root));
    process.kill(pids[0] ?? 0, 'SIGKILL');
    expect((await server.ended).code).toBe(1);
    expect(server.err()).toMatch(
      /plimsoll: workers die as soon as they are started, the last one so: worker \d+ ended: exit code 7\n/,
    );
    expect(server.err().match(/another takes its place"\}$/gm)?.length).toBeGreaterThan(3);
    await ended(pids);
  });
});
