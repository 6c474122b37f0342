// Measures a scan of a home of many empty files (docs/decisions/scan.md): time, processor, memory, and how long the event
// loop was away. `--rest` is how many times as long as it worked the scan pauses; `--home` counts a folder that is there.
// Run: npm run build && node bench/scan.js
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Scan } from '../dist/quota/scan.js';
import { diskVfs } from '../dist/vfs/disk.js';
import { OpenInodes } from '../dist/vfs/open-inodes.js';
import { pathThreads } from '../dist/vfs/path-threads.js';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '1000000' },
    folder: { type: 'string', default: '1000' },
    in: { type: 'string', default: tmpdir() },
    home: { type: 'string' },
    rest: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
  },
});
const perFolder = Number(values.folder);
const rest = Number(values.rest);

const home = values.home ?? mkdtempSync(join(values.in, 'plimsoll-scan-'));
const threads = pathThreads(4);
try {
  if (values.home === undefined) fill(home, Math.ceil(Number(values.files) / perFolder));
  const vfs = await diskVfs({ root: home, threads, umask: 0o022, inodes: new OpenInodes() });
  await vfs.stat('/', { follow: true });
  const table = [];
  for (let round = 0; round < Number(values.rounds); round++) table.push(await measured(() => count(vfs)));
  console.log(`pauses ${rest} times the work`);
  console.table(table);
  await vfs.close();
} finally {
  await threads.close();
  // Node's own way would take minutes.
  if (values.home === undefined) spawnSync('rm', ['-rf', home]);
}

function fill(work, folders) {
  for (let folder = 0; folder < folders; folder++) {
    const path = join(work, `folder-${folder}`);
    mkdirSync(path);
    for (let file = 0; file < perFolder; file++) writeFileSync(join(path, `file-${file}`), '');
  }
}

async function count(vfs) {
  const scan = new Scan({
    vfs,
    ...(rest > 0 && { pause: (milliseconds) => sleep(milliseconds * rest) }),
  });
  await scan.run();
  return scan.untouched.files;
}

async function measured(work) {
  const before = process.memoryUsage.rss();
  let most = before;
  let away = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
    away = Math.max(away, performance.now() - last - 5);
    last = performance.now();
  }, 5);
  const utilisation = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const began = performance.now();
  const files = await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  return {
    files,
    seconds: round(seconds),
    'CPU seconds': round((user + system) / 1e6),
    'event loop busy, s': round(performance.eventLoopUtilization(utilisation).active / 1000),
    'event loop away, ms': round(away),
    'memory grown, MiB': round((most - before) / 2 ** 20),
  };
}

function round(value) {
  return Math.round(value * 10) / 10;
}
