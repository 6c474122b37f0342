import { afterAll } from 'vitest';
import { createEvents } from '../../src/observe/events.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { mounted } from '../../src/vfs/mounted.js';
import { observed } from '../../src/vfs/observed.js';
import { owned } from '../../src/vfs/owned.js';
import { permitted } from '../../src/vfs/permitted.js';
import { pathThreads } from '../../src/vfs/path-threads.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { vfsContract, type VfsUnderTest } from '../contract/vfs.js';
import { homeFolder } from './home-folder.js';

const actor = { connection: 'c1', address: '127.0.0.1', account: 'alice' };
const wrappers = {
  permitted: (vfs) => permitted(vfs, () => ({ readOnly: false })),
  owned: (vfs) => owned(vfs, { uid: 1000, gid: 1000, ignoreChown: false }),
  observed: (vfs) => observed(vfs, { events: createEvents(), actor }),
} satisfies Record<string, (vfs: Vfs) => Vfs>;

// Started once: to start threads for each test would take longer than the tests do.
const threads = pathThreads(4);
afterAll(() => threads.close());

async function onDisk(wrap: (vfs: Vfs) => Vfs = (vfs) => vfs): Promise<VfsUnderTest> {
  const home = await homeFolder({ threads });
  return { vfs: wrap(home.vfs), prefix: '', close: home.close };
}

function inMemory(wrap: (vfs: Vfs) => Vfs = (vfs) => vfs): Promise<VfsUnderTest> {
  const vfs = wrap(memoryVfs());
  return Promise.resolve({ vfs, prefix: '', close: () => vfs.close() });
}

async function inMount(make: () => Promise<VfsUnderTest>): Promise<VfsUnderTest> {
  const inner = await make();
  const homes = {
    list: () => Promise.resolve(['alice']),
    open: () => Promise.resolve(inner.vfs),
  };
  return { vfs: mounted({ homes }), prefix: '/homes/alice', close: inner.close };
}

vfsContract('disk', () => onDisk());
vfsContract('memory', () => inMemory());
vfsContract('a disk home, mounted', () => inMount(onDisk));
vfsContract('a memory home, mounted', () => inMount(inMemory));
vfsContract('permitted', () => inMemory(wrappers.permitted));
vfsContract('owned', () => inMemory(wrappers.owned));
vfsContract('observed', () => inMemory(wrappers.observed));
vfsContract('observed(permitted(owned(disk)))', () =>
  onDisk((vfs) => wrappers.observed(wrappers.permitted(wrappers.owned(vfs)))),
);
