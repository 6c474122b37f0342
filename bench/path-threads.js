// Measures how one path operation is best carried out (docs/decisions/path-threads.md): in the event loop with
// synchronous calls, in path threads, or as single calls through libuv's pool. Run: npm run build && node bench/path-threads.js
import * as fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stat } from '../dist/vfs/jail-look.js';
import { diskVfs } from '../dist/vfs/disk.js';
import { OpenInodes } from '../dist/vfs/open-inodes.js';
import { pathThreads } from '../dist/vfs/path-threads.js';

const O_PATH = 0o10000000;
const path = '/a/b/c/d/f';
const operations = Number(process.argv[2] ?? 20_000);

const folder = await mkdtemp(join(tmpdir(), 'plimsoll-bench-'));
fs.mkdirSync(join(folder, 'a/b/c/d'), { recursive: true });
fs.writeFileSync(join(folder, path), 'x');
// The most that a client can make of one path: thousands of system calls behind a short name.
fs.mkdirSync(join(folder, 'd/'.repeat(680)), { recursive: true });
fs.symlinkSync(`${'d/'.repeat(680)}${'../'.repeat(680)}`, join(folder, 'slow'));
const root = fs.openSync(folder, O_PATH | fs.constants.O_DIRECTORY);
const jail = { root, dev: fs.fstatSync(root).dev, realPath: folder };
const threads = pathThreads(4);
const vfs = await diskVfs({ root: folder, threads, umask: 0o022, inodes: new OpenInodes() });

/** The same walk, each call on its own through libuv's pool. */
const [open, fstat, lstat, close] = [fs.open, fs.fstat, fs.lstat, fs.close].map((call) => promisify(call));
async function statByLibuv() {
  const names = path.split('/').filter(Boolean);
  const last = names.pop();
  const held = [];
  let at = root;
  for (const name of names) {
    at = await open(`/proc/self/fd/${at}/${name}`, O_PATH | fs.constants.O_NOFOLLOW);
    held.push(at);
    await fstat(at);
  }
  const found = await lstat(`/proc/self/fd/${at}/${last}`);
  for (const descriptor of held) await close(descriptor);
  return found;
}

const ways = {
  'sync, in the event loop': async () => stat(jail, path, true),
  'path thread': () => vfs.stat(path, { follow: true }),
  'libuv, call by call': statByLibuv,
};

/** `deep` operations at a time: microseconds each, CPU of the whole process, and what the event loop had of it. */
async function measure(way, deep, count) {
  let left = count;
  const utilisation = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: deep }, async () => {
      for (; left > 0; left--) {
        await way();
        // A request that is answered at once still lets others in, as the pipeline does.
        if (left % 16 === 0) await new Promise(setImmediate);
      }
    }),
  );
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return {
    'us each': Math.round((wall * 1000) / count),
    'CPU us each': Math.round((user + system) / count),
    'loop busy us each': Math.round((performance.eventLoopUtilization(utilisation).active * 1000) / count),
  };
}

/** How long the event loop is away while one such path is resolved; milliseconds, the median of several. */
async function away(way) {
  const times = [];
  for (let round = 0; round < 15; round++) {
    let last = performance.now();
    let longest = 0;
    let over = false;
    const watch = () => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      if (!over) setImmediate(watch);
    };
    setImmediate(watch);
    await new Promise(setImmediate);
    await way();
    over = true;
    await new Promise(setImmediate);
    times.push(longest);
  }
  return Number(median(times).toFixed(1));
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

const table = {};
for (const deep of [1, 16]) {
  const rounds = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  // Alternating, so that whatever else the machine does meets all of them.
  for (let round = 0; round < 5; round++) {
    for (const [name, way] of Object.entries(ways))
      rounds[name].push(await measure(way, deep, operations / 5));
  }
  for (const [name, figures] of Object.entries(rounds)) {
    table[`${name}, ${deep} at a time`] = Object.fromEntries(
      Object.keys(figures[0]).map((key) => [key, median(figures.map((one) => one[key]))]),
    );
  }
}
console.table(table);
console.table({
  'event loop away for the slowest path, ms': {
    'sync, in the event loop': await away(async () => stat(jail, '/slow', true)),
    'path thread': await away(() => vfs.stat('/slow', { follow: true })),
  },
});

await vfs.close();
await threads.close();
fs.closeSync(root);
await rm(folder, { recursive: true });
