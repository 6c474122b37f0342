import { beforeEach, expect, test } from 'vitest';
import { Fault } from '../../src/fault.js';
import { createEvents } from '../../src/observe/events.js';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { observed } from '../../src/vfs/observed.js';
import { permitted } from '../../src/vfs/permitted.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { rejects } from '../contract/vfs-requests.js';

const actor = { connection: 'c1', address: '192.0.2.1', account: 'alice' };
let told: [string, unknown][];
let clock: number;
let ended: boolean;

function watching(inner: Vfs): Vfs {
  const events = createEvents();
  events.subscribe((name, event) => void told.push([name, event]));
  return observed(inner, { events, actor, now: () => clock, ended: () => ended });
}

beforeEach(() => {
  told = [];
  clock = 0;
  ended = false;
});

test('opening and closing are told, with bytes and seconds; reads and writes are not', async () => {
  const vfs = watching(memoryVfs());
  const handle = await vfs.open('/f\xff', { read: true, write: true, create: true });
  await handle.write([Buffer.alloc(60), Buffer.alloc(40)], 0);
  await handle.read(Buffer.alloc(500), 50);
  clock = 2500;
  await handle.close();
  await rejects(handle.close(), 'bad-handle');
  const path = '/f\\xff';
  expect(told).toEqual([
    ['file.opened', { ...actor, path, read: true, write: true, created: true }],
    [
      'file.closed',
      { ...actor, path, bytesRead: 50, bytesWritten: 100, size: 100, seconds: 2.5, complete: true },
    ],
  ]);
});

test('a file that the session left open is told as incomplete', async () => {
  const vfs = watching(memoryVfs());
  const one = await vfs.open('/f', { write: true, create: true });
  const other = await vfs.open('/f', { write: true });
  ended = true;
  await one.close();
  ended = false;
  await vfs.close();
  await other.close();
  const closed = told.filter(([name]) => name === 'file.closed').map(([, event]) => event);
  expect(closed).toMatchObject([{ complete: false }, { complete: false }]);
});

test('a handle that is closed for a client that is gone is told as incomplete', async () => {
  const vfs = watching(permitted(memoryVfs(), () => ({ readOnly: false })));
  const one = await vfs.open('/f', { write: true, create: true });
  const other = await vfs.open('/f', { write: true });
  await one.close({ complete: false });
  await other.close({ complete: true });
  const closed = told.filter(([name]) => name === 'file.closed').map(([, event]) => event);
  expect(closed).toMatchObject([{ complete: false }, { complete: true }]);
});

test('of a path longer than any can be, only the beginning is told', async () => {
  const vfs = watching(memoryVfs());
  await rejects(vfs.open(`/${'\xff'.repeat(200_000)}`, { read: true }), 'name-too-long');
  await rejects(vfs.rename('/f', 'y'.repeat(200_000), { replace: true }), 'name-too-long', 'not-found');
  expect(told.length).toBeGreaterThan(0);
  for (const event of told) expect(JSON.stringify(event).length).toBeLessThan(6 * 4096);
});

test('changes are told with both names', async () => {
  const vfs = watching(memoryVfs());
  await vfs.mkdir('/d', 0o755);
  await (await vfs.open('/f', { write: true, create: true })).close();
  await vfs.link('/f', '/g');
  await vfs.symlink('/l', '../target');
  await vfs.rename('/g', '/d/g', { replace: false });
  await vfs.set('/f', { mode: 0o600 }, { follow: true });
  await vfs.remove('/f');
  await vfs.remove('/d/g');
  await vfs.rmdir('/d');
  const changes = told.filter(([name]) => name === 'entry.changed').map(([, event]) => event);
  expect(changes).toEqual([
    { ...actor, operation: 'mkdir', path: '/d' },
    { ...actor, operation: 'link', path: '/g', target: '/f' },
    { ...actor, operation: 'symlink', path: '/l', target: '../target' },
    { ...actor, operation: 'rename', path: '/g', target: '/d/g' },
    { ...actor, operation: 'set', path: '/f' },
    { ...actor, operation: 'remove', path: '/f' },
    { ...actor, operation: 'remove', path: '/d/g' },
    { ...actor, operation: 'rmdir', path: '/d' },
  ]);
});

test('refusals are told once for each kind and handle; asking for what is not there is none', async () => {
  let readOnly = false;
  const vfs = watching(permitted(memoryVfs(), () => ({ readOnly })));
  const handle = await vfs.open('/f', { write: true, create: true });
  readOnly = true;
  told = [];
  for (let index = 0; index < 3; index++) await rejects(handle.write([Buffer.from('x')], 0), 'read-only');
  await rejects(vfs.mkdir('/a\nb', 0o755), 'read-only');
  await rejects(vfs.stat('/none', { follow: true }), 'not-found');
  const message = 'this account may only read';
  expect(told).toEqual([
    ['request.refused', { ...actor, operation: 'write', path: '/f', fault: 'read-only', message }],
    ['request.refused', { ...actor, operation: 'mkdir', path: '/a\\x0ab', fault: 'read-only', message }],
  ]);
});

test('what failed is told with its cause', async () => {
  class Failing extends DelegatingVfs {
    override stat(): Promise<never> {
      return Promise.reject(new Fault('failure', undefined, { cause: new Error('EIO: /host/path') }));
    }
  }
  await rejects(watching(new Failing(memoryVfs())).stat('/f', { follow: true }), 'failure');
  expect(told).toEqual([
    ['request.failed', { ...actor, operation: 'stat', path: '/f', cause: 'EIO: /host/path' }],
  ]);
});

test('what is no fault is told of once, with its stack, and goes on as the fault that it is', async () => {
  class Mistaken extends DelegatingVfs {
    override stat(): Promise<never> {
      return Promise.reject(new TypeError('x of undefined'));
    }
  }
  await rejects(watching(new Mistaken(memoryVfs())).stat('/f', { follow: true }), 'failure');
  const cause = expect.stringMatching(/^TypeError: x of undefined\n +at /) as string;
  expect(told).toEqual([['request.failed', { ...actor, operation: 'stat', path: '/f', cause }]]);
});
