import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askStatus, clearDead, serveStatus } from '../../src/admin/status-socket.js';

/** A folder for sockets that is not there yet. */
function folder(name = 'var'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-status-')), name);
  mkdirSync(path, { recursive: true });
  return join(path, 'status');
}

/** What a process leaves that is killed; resolves to its pid. */
async function killedOn(path: string): Promise<number> {
  const script = `require('node:net').createServer().listen(process.argv[1] + '/' + process.pid + '-x.sock', () => process.kill(process.pid, 'SIGKILL'))`;
  const child = spawn(process.execPath, ['-e', script, path]);
  await once(child, 'exit');
  return child.pid ?? 0;
}

it('answers each question with one document, and nobody else may ask', async () => {
  const path = folder();
  expect(await askStatus(path)).toEqual({ documents: [], silent: 0 });
  let asked = 0;
  const socket = await serveStatus(path, () => ({ asked: ++asked }));
  const [name = ''] = readdirSync(path);
  expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect((await askStatus(path)).documents).toEqual([{ asked: 1 }]);
  expect((await askStatus(path)).documents).toEqual([{ asked: 2 }]);
  await socket.close();
  expect(readdirSync(path)).toEqual([]);
  expect(await askStatus(path)).toEqual({ documents: [], silent: 0 });
});

it('works where the path is longer than the 107 bytes of a socket address', async () => {
  const path = folder(join('x'.repeat(200), 'y'.repeat(200)));
  const socket = await serveStatus(path, () => ({ long: 'x'.repeat(1_000_000) }));
  expect((await askStatus(path)).documents).toEqual([{ long: 'x'.repeat(1_000_000) }]);
  await socket.close();
  expect(readdirSync(path)).toEqual([]);
});

it('has an answer of each that lives, and finds what the dead left, once', async () => {
  const path = folder();
  const first = await serveStatus(path, () => 'first');
  const second = await serveStatus(path, () => 'second');
  const pids = [await killedOn(path), await killedOn(path)];
  writeFileSync(join(path, 'README.md'), 'not a socket');
  const { documents, silent } = await askStatus(path);
  expect(new Set(documents)).toEqual(new Set(['first', 'second']));
  expect(silent).toBe(0);

  expect(await clearDead(path, pids[0])).toBe(1);
  const found = await Promise.all([clearDead(path), clearDead(path)]);
  expect(found.toSorted()).toEqual([0, 1]);
  await first.close();
  expect((await askStatus(path)).documents).toEqual(['second']);
  await second.close();
  expect(readdirSync(path)).toEqual(['README.md']);
});

it('does not take a server that is stuck for a dead one', async () => {
  const path = folder();
  mkdirSync(path);
  const stuck = createServer((socket) => socket.on('error', () => undefined)).listen(join(path, '1-a.sock'));
  await once(stuck, 'listening');
  const socket = await serveStatus(path, () => 'well');
  expect(await askStatus(path)).toEqual({ documents: ['well'], silent: 1 });
  expect(await clearDead(path)).toBe(0);
  await socket.close();
  stuck.close();
});

it('lets nobody hold it up: who sends, or does not read, is cut off (P1)', async () => {
  const path = folder();
  const socket = await serveStatus(path, () => 'x'.repeat(4_000_000));
  const silent = connect(join(path, readdirSync(path)[0] ?? '')).pause();
  silent.on('error', () => undefined);
  silent.write('y'.repeat(100_000));
  await once(silent, 'connect');
  expect((await askStatus(path)).documents).toEqual(['x'.repeat(4_000_000)]);
  const before = Date.now();
  await socket.close();
  expect(Date.now() - before).toBeLessThan(10_000);
  silent.destroy();
});
