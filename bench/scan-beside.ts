import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { plimsoll, type Contender } from './contenders.js';
import { cpuSeconds, median, medianInterval } from './cpu.js';
import { needs, sftp, sftpProcess } from './openssh-client.js';
import { workFolder, writeNoise } from './work-folder.js';

/**
 * What a scan of a home of many files does to a server and its transfers (docs/decisions/scan.md): carried out by the
 * server that owns the home, and by `plimsoll quota scan` where nobody does. Run: npm run bench:scan
 */
const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true, default: ['alone', 'other', 'same', 'command'] },
    files: { type: 'string', default: '1000000' },
    size: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '9' },
    in: { type: 'string', default: tmpdir() },
    /** A home that is there already, and stays. */
    home: { type: 'string' },
  },
});
const mebibytes = Number(values.size);
const rounds = Number(values.rounds);
const perFolder = 1000;

needs(['sftp', 'ssh-keygen']);
const work = workFolder(3 * mebibytes);
const home = values.home ?? mkdtempSync(join(values.in, 'plimsoll-crowded-'));
const key = join(work, 'key');
const noise = join(work, 'noise');
const options = ['-c', 'aes128-gcm@openssh.com'];

function fill(): void {
  for (let folder = 0; folder * perFolder < Number(values.files); folder++) {
    mkdirSync(join(home, `folder-${folder}`));
    for (let file = 0; file < perFolder; file++)
      writeFileSync(join(home, `folder-${folder}/file-${file}`), '');
  }
}

function resident(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024;
}

function startScan(server: Contender): ChildProcess {
  const env = { ...process.env, PLIMSOLL_ROOT: join(work, server.name) };
  return spawn(process.execPath, ['dist/bin/plimsoll.js', 'quota', 'scan', 'crowded', '--json'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** One whole scan with nothing beside it. */
async function alone(server: Contender, by: string): Promise<void> {
  const before = { cpu: server.cpu(), memory: resident(server.pid) };
  const began = performance.now();
  const scan = startScan(server);
  let most = before.memory;
  while (scan.exitCode === null) {
    await sleep(20);
    most = Math.max(most, resident(server.pid));
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `scan by ${by}: ended with ${scan.exitCode} after ${seconds.toFixed(1)} s, server CPU ` +
      `${(server.cpu() - before.cpu).toFixed(1)} s, server's memory grown by ${(most - before.memory).toFixed(0)} MiB`,
  );
}

async function put(server: Contender, user: string): Promise<number> {
  const began = performance.now();
  await sftp(server, key, [`put ${noise} put`], options, user);
  const seconds = (performance.now() - began) / 1000;
  await sftp(server, key, ['rm put'], options, user);
  return seconds;
}

/** A put while a scan goes on; `null` where that ended too early. @param scanner the process that counts */
async function putBeside(server: Contender, user: string, here: boolean): Promise<number | null> {
  const before = server.cpu();
  const scan = startScan(server);
  const scanner = here ? server.pid : (scan.pid ?? 0);
  const busy = here ? before + 0.3 : 1.5;
  while (scan.exitCode === null && cpuSeconds(scanner) < busy) await sleep(20);
  const began = performance.now();
  await sftp(server, key, [`put ${noise} put`], options, user);
  const seconds = (performance.now() - began) / 1000;
  const lasted = scan.exitCode === null;
  scan.kill('SIGINT');
  if (lasted) await once(scan, 'exit');
  await sftp(server, key, ['rm put'], options, user);
  return lasted ? seconds : null;
}

async function compare(title: string, server: Contender, user: string, here: boolean): Promise<void> {
  const pairs: [number, number][] = [];
  let most = 0;
  const first = resident(server.pid);
  const watch = setInterval(() => (most = Math.max(most, resident(server.pid))), 20);
  let early = 0;
  for (let round = 0; round < rounds && early < rounds;) {
    const one = await put(server, user);
    const beside = [await putBeside(server, user, here), await putBeside(server, user, here)];
    const other = await put(server, user);
    const [a = null, b = null] = beside;
    if (a === null || b === null) early++;
    else {
      pairs.push([(a + b) / 2, (one + other) / 2]);
      round++;
    }
  }
  clearInterval(watch);
  const ratios = pairs.map(([with_, without]) => with_ / without);
  const [least, most_] = medianInterval(ratios);
  console.log(
    `${title}: ${median(pairs.map(([with_]) => with_)).toFixed(2)} s beside a scan, ` +
      `${median(pairs.map(([, without]) => without)).toFixed(2)} s without; median ratio of ${pairs.length} rounds ` +
      `${median(ratios).toFixed(3)}, 95 % interval ${least.toFixed(3)} to ${most_.toFixed(3)}; ` +
      `server's memory from ${first.toFixed(0)} to at most ${most.toFixed(0)} MiB; ${early} scans ended too early`,
  );
}

let server: Contender | null = null;
let holding: ReturnType<typeof sftpProcess> | null = null;
try {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeNoise(noise, mebibytes);
  if (values.home === undefined) fill();
  const accounts = [{ name: 'bench' }, { name: 'crowded', home }];
  server = await plimsoll(work, `${key}.pub`, { accounts });
  await put(server, 'bench');
  if (values.part.includes('command')) {
    await alone(server, 'the command');
    await compare('put beside a scan by the command', server, 'bench', false);
  }
  // A session that has a file open there makes the server the owner of the home.
  holding = sftpProcess(server, key, options, 'crowded');
  holding.stdin.write('mkdir held\nrmdir held\n');
  await sleep(2000);
  if (values.part.includes('alone')) await alone(server, 'the server');
  if (values.part.includes('other')) await compare('put into another home', server, 'bench', true);
  if (values.part.includes('same')) await compare('put into the same home', server, 'crowded', true);
} finally {
  if (holding) {
    holding.stdin.end();
    if (holding.exitCode === null) await once(holding, 'exit');
  }
  await server?.stop();
  rmSync(work, { recursive: true, force: true });
  // Node's own way would take minutes.
  if (values.home === undefined) spawnSync('rm', ['-rf', home]);
}
