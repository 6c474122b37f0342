import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Status } from '../../src/admin/status.js';
import { freshRoot, plimsollOn } from './plimsoll.js';
import { killAll, rootWithAlice, serve } from './running.js';

afterEach(killAll);

describe('the first start', () => {
  it('makes demo on loopback, and says once what to paste; later starts say where to find that', async () => {
    const root = freshRoot();
    mkdirSync(root);
    const first = await serve(root, ['--listen', '127.0.0.1:0'], root);
    const text = first.out();
    expect(text).toContain(
      `  sftp -P ${first.port()} -o UserKnownHostsFile=var/known_hosts demo@127.0.0.1\n`,
    );
    const password = /shown this once: ([a-z0-9-]{23})\n/.exec(text)?.[1] ?? 'none';
    expect(text).toMatch(/^ {2}node \S+plimsoll\.js quota show demo$/m);
    expect(text).toMatch(/^ {2}node \S+plimsoll\.js user passwd demo$/m);
    const known = join(root, 'var', 'known_hosts');
    expect(readFileSync(known, 'utf8')).toMatch(
      new RegExp(`^\\[127\\.0\\.0\\.1\\]:${first.port()} ssh-ed25519 `, 'm'),
    );
    expect(statSync(known).mode & 0o777).toBe(0o600);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    for (const file of ['first-start.txt', 'audit.log']) {
      expect(readFileSync(join(root, 'var', file), 'utf8')).not.toContain(password);
    }
    expect(first.err()).not.toContain(password);

    const second = await serve(root, ['--listen', '127.0.0.1:0'], root);
    expect(second.out()).toContain("How to try the account 'demo' stands in var/first-start.txt\n");
    expect(second.out()).not.toMatch(/Its password/);
    expect(readFileSync(join(root, 'var', 'first-start.txt'), 'utf8')).toContain(`sftp -P ${second.port()} `);
    await second.stop();
  });

  it('serves without accounts elsewhere, and says how to make one', async () => {
    const root = freshRoot();
    const server = await serve(root, ['--listen', '0.0.0.0:0']);
    expect(server.out()).toMatch(/^There is no account yet[^\n]*\n {2}node \S+ --root \S+ user add NAME$/m);
    expect((await plimsollOn(root)(['user', 'list', '--json'])).stdout).toBe('[]\n');
    await server.stop();
  });
});

describe('a running server', () => {
  it('answers status, in one document, and leaves no socket', async () => {
    const root = await rootWithAlice();
    const plimsoll = plimsollOn(root);
    const server = await serve(root, ['--listen', '127.0.0.1:0', '--listen', '127.0.0.1:0']);
    const { status, stdout } = await plimsoll(['status', '--json']);
    expect(status).toBe(0);
    const answer = JSON.parse(stdout) as Status;
    expect(answer).toMatchObject({ running: true, pid: server.child.pid, root, sessions: [] });
    expect(answer.listening).toEqual(
      [...server.out().matchAll(/^plimsoll listening on (.*)$/gm)].map(([, address]) => address),
    );
    expect(answer.listening).toHaveLength(2);

    expect(answer).not.toHaveProperty('processes');
    expect(answer).not.toHaveProperty('supervisor');
    expect((await server.stop()).code).toBe(0);
    expect(readdirSync(join(root, 'var', 'status'))).toEqual([]);
    const gone = await plimsoll(['status', '--json']);
    expect(gone.status).toBe(8);
    expect(JSON.parse(gone.stdout)).toEqual({ running: false, root });
  });

  it('writes the log to a file, without colours or secrets, and the audit beside', async () => {
    const root = await rootWithAlice();
    const server = await serve(root, [
      '--listen',
      '127.0.0.1:0',
      '--log',
      'server.log',
      '--log-level',
      'info',
    ]);
    await server.stop();
    const log = readFileSync(join(dirname(root), 'server.log'), 'utf8')
      .trim()
      .split('\n');
    const events = log.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events.filter((name) => name !== 'server.warning')).toEqual([
      'server.started',
      'server.stopping',
      'server.stopped',
    ]);
    expect(server.err()).toBe('');
    const audit = readFileSync(join(root, 'var', 'audit.log'), 'utf8');
    expect(audit).toContain('"event":"server.started"');
    expect(audit).toContain('"event":"account.changed"');
  });

  it('ends at once at the second signal', async () => {
    const root = await rootWithAlice();
    const server = await serve(root);
    server.child.kill('SIGINT');
    server.child.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 130, signal: null });
    expect(server.err()).not.toContain('server.stopped');
  });

  it('says after a kill that its end was not clean, once', async () => {
    const root = await rootWithAlice();
    const unclean = 'the server before this one did not come to a clean end';
    const killed = await serve(root);
    expect(killed.err()).not.toContain(unclean);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(readdirSync(join(root, 'var', 'status'))).toHaveLength(1);
    const next = await serve(root);
    await next.stop();
    expect(next.err()).toContain(unclean);
    const after = await serve(root);
    await after.stop();
    expect(after.err()).not.toContain(unclean);
  });

  it('writes down what nobody caught, ends with 1, and leaves no mark of a clean end', async () => {
    const root = await rootWithAlice();
    const bomb = join(dirname(root), 'bomb.cjs');
    writeFileSync(bomb, "process.on('SIGUSR2', () => { throw new TypeError('boom'); });");
    const server = await serve(root, ['--listen', '127.0.0.1:0'], dirname(root), ['--require', bomb]);
    server.child.kill('SIGUSR2');
    expect(await server.ended).toEqual({ code: 1, signal: null });
    // A line that was being written at that moment may come after it.
    const lines = server.err().trim().split('\n');
    const fatal = lines
      .map((line) => JSON.parse(line) as Record<string, string>)
      .find(({ level }) => level === 'fatal');
    expect(fatal).toMatchObject({ msg: 'uncaught exception' });
    expect(fatal?.['error']).toContain('TypeError: boom');
    const next = await serve(root);
    await next.stop();
    expect(next.err()).toContain('did not come to a clean end');
  });

  it('says which address is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const server = await serve(await rootWithAlice(), ['--listen', `127.0.0.1:${port}`]);
    expect((await server.ended).code).toBe(1);
    expect(server.err()).toMatch(new RegExp(`plimsoll: .*${port}.* taken`));
    other.close();
  });
});

describe('a fault at the start', () => {
  it('of the audit log is a sentence, before anything is served', async () => {
    const root = await rootWithAlice();
    const settings = join(root, 'etc', 'plimsoll.json');
    writeFileSync(settings, '{ "audit.file": "none/audit.log" }');
    const server = await serve(root);
    expect((await server.ended).code).toBe(1);
    expect(server.out()).toBe('');
    expect(server.err()).toBe(
      `plimsoll: the audit log ${root}/none/audit.log cannot be opened: no such file or directory (ENOENT)\n`,
    );
  });

  it('of the database names the file', async () => {
    const root = await rootWithAlice();
    const database = join(root, 'var', 'plimsoll.db');
    writeFileSync(database, 'x'.repeat(4096));
    const server = await serve(root);
    expect((await server.ended).code).toBe(1);
    expect(server.err()).toContain(`plimsoll: ${database}: the account database is not a database`);
  });
});

it('says on stderr that a log file is full, and serves on', async () => {
  const root = await rootWithAlice();
  const server = await serve(root, ['--listen', '127.0.0.1:0', '--log', '/dev/full']);
  expect((await server.stop()).code).toBe(0);
  expect(server.err()).toBe(
    'plimsoll: the log /dev/full cannot be written: no space left on device (ENOSPC)\n',
  );
});

it('stops cleanly where npm sends on the signal that the terminal has sent already', async () => {
  const server = await serve(await rootWithAlice());
  server.child.kill('SIGINT');
  await vi.waitFor(() => expect(server.err()).toContain('server.stopping'));
  server.child.kill('SIGINT');
  expect((await server.ended).code).toBe(0);
});
