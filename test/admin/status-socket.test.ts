import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askStatus, serveStatus } from '../../src/admin/status-socket.js';

function folder(name = 'var'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-status-')), name);
  mkdirSync(path, { recursive: true });
  return path;
}

it('answers each question with one document, and nobody else may ask', async () => {
  const path = join(folder(), 'status.sock');
  let asked = 0;
  const socket = await serveStatus(path, () => ({ asked: ++asked }));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await askStatus(path)).toEqual({ asked: 1 });
  expect(await askStatus(path)).toEqual({ asked: 2 });
  await socket.close();
  expect(existsSync(path)).toBe(false);
  expect(await askStatus(path)).toBeNull();
});

it('works where the path is longer than the 107 bytes of a socket address', async () => {
  const path = join(folder(join('x'.repeat(200), 'y'.repeat(200))), 'status.sock');
  const socket = await serveStatus(path, () => ({ long: 'x'.repeat(1_000_000) }));
  expect(await askStatus(path)).toEqual({ long: 'x'.repeat(1_000_000) });
  await socket.close();
  expect(existsSync(path)).toBe(false);
});

it('leaves a server that answers alone, and replaces what a dead one left', async () => {
  const path = join(folder(), 'status.sock');
  const first = await serveStatus(path, () => 'first');
  await expect(serveStatus(path, () => 'second')).rejects.toMatchObject({ code: 'exists' });
  expect(await askStatus(path)).toBe('first');
  await first.close();

  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'exit');
  expect(existsSync(path)).toBe(true);
  expect(await askStatus(path)).toBeNull();
  const next = await serveStatus(path, () => 'next');
  expect(await askStatus(path)).toBe('next');
  await next.close();
});

it('does not take a server that is stuck for a dead one', async () => {
  const path = join(folder(), 'status.sock');
  const stuck = createServer((socket) => socket.on('error', () => undefined)).listen(path);
  await once(stuck, 'listening');
  await expect(serveStatus(path, () => 'second')).rejects.toMatchObject({ code: 'busy' });
  expect(existsSync(path)).toBe(true);
  stuck.close();
});

it('lets nobody hold it up: who sends, or does not read, is cut off (P1)', async () => {
  const path = join(folder(), 'status.sock');
  const socket = await serveStatus(path, () => 'x'.repeat(4_000_000));
  const silent = connect(path).pause();
  silent.on('error', () => undefined);
  silent.write('y'.repeat(100_000));
  await once(silent, 'connect');
  expect(await askStatus(path)).toHaveLength(4_000_000);
  const before = Date.now();
  await socket.close();
  expect(Date.now() - before).toBeLessThan(10_000);
  silent.destroy();
});
