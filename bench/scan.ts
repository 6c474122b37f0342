import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Scan } from '../src/quota/scan.js';
import { diskVfs } from '../src/vfs/disk.js';
import { OpenInodes } from '../src/vfs/open-inodes.js';
import { pathThreads } from '../src/vfs/path-threads.js';

/**
 * Counts a home of many empty files: time, processor, memory, and how long the event loop was away.
 * `--rest` is how many times as long as it worked the scan pauses.
 */
const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '1000000' },
    folder: { type: 'string', default: '1000' },
    in: { type: 'string', default: tmpdir() },
    rest: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
  },
});
const files = Number(values.files);
const perFolder = Number(values.folder);
const rest = Number(values.rest);
const folders = Math.ceil(files / perFolder);

const work = mkdtempSync(join(values.in, 'plimsoll-scan-'));
const threads = pathThreads(4);
try {
  for (let folder = 0; folder < folders; folder++) {
    const path = join(work, `folder-${folder}`);
    mkdirSync(path);
    for (let file = 0; file < perFolder; file++) writeFileSync(join(path, `file-${file}`), '');
  }
  const vfs = await diskVfs({ root: work, threads, umask: 0o022, inodes: new OpenInodes() });
  await vfs.stat('/', { follow: true });
  const table = [];
  for (let round = 0; round < Number(values.rounds); round++) table.push(await measured(() => count(vfs)));
  console.log(`${folders} folders of ${perFolder} files, pauses ${rest} times the work`);
  console.table(table);
  await vfs.close();
} finally {
  await threads.close();
  // Node's own way would take minutes.
  spawnSync('rm', ['-rf', work]);
}

async function count(vfs: Awaited<ReturnType<typeof diskVfs>>): Promise<void> {
  const scan = new Scan({
    vfs,
    ...(rest > 0 && { pause: (milliseconds: number): Promise<void> => sleep(milliseconds * rest) }),
  });
  await scan.run();
  const expected = folders * (perFolder + 1);
  if (scan.untouched.files !== expected) throw new Error(`counted ${scan.untouched.files}, not ${expected}`);
}

async function measured(work: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
  const before = process.memoryUsage().rss;
  let most = before;
  let away = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
    away = Math.max(away, performance.now() - last - 5);
    last = performance.now();
  }, 5);
  const utilisation = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  return {
    seconds: round(seconds),
    'CPU seconds': round((user + system) / 1e6),
    'event loop busy, seconds': round(performance.eventLoopUtilization(utilisation).active / 1000),
    'event loop away at most, ms': round(away),
    'memory grown by, MiB': round((most - before) / 2 ** 20),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
