import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { plimsoll, type Contender, type PlimsollOptions } from './contenders.js';
import { fineCpuSeconds, median, medianInterval } from './cpu.js';
import { needs, sftp, sftpProcess } from './openssh-client.js';
import { sharesOf, type Profile } from './profile-shares.js';
import { builtWithoutLine } from './without-line.js';
import { workFolder, writeNoise } from './work-folder.js';

/**
 * What the ledger costs (docs/decisions/quota-cost.md): server CPU of this build against the same build without it,
 * taking turns, and its share of a profiled put. Run: npm run bench:quota -- [--part put|files|df|idle|profile]...
 */
const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    size: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '21' },
    files: { type: 'string', default: '1000' },
    buffer: { type: 'string' },
    cipher: { type: 'string', default: 'aes128-gcm@openssh.com' },
  },
});
const mebibytes = Number(values.size);
const rounds = Number(values.rounds);
const files = Number(values.files);
const options = ['-c', values.cipher, ...(values.buffer === undefined ? [] : ['-B', values.buffer])];

needs(['sftp', 'ssh-keygen']);
const work = workFolder(6 * mebibytes);
const key = join(work, 'key');
const noise = join(work, 'noise');
const small = join(work, 'small');
const running: Contender[] = [];

/** Server CPU in seconds of one run of something, and what has to be done after it that does not count. */
interface Task {
  readonly title: string;
  readonly run: (to: Contender) => Promise<void>;
  readonly after?: (to: Contender) => Promise<void>;
}

const run = (to: Contender, lines: readonly string[]): Promise<void> => sftp(to, key, lines, options);

const tasks: Record<'put' | 'files' | 'remove' | 'df' | 'idle', Task> = {
  put: {
    title: `put of ${mebibytes} MiB`,
    run: (to) => run(to, [`put ${noise} put`]),
    // An overwrite would be paid for by what it replaces.
    after: (to) => run(to, ['rm put']),
  },
  files: {
    title: `put of ${files} files of 1 KiB`,
    run: (to) => run(to, ['mkdir small', `put ${small}/* small`]),
    after: (to) => run(to, ['rm small/*', 'rmdir small']),
  },
  remove: {
    title: `rm of ${files} files`,
    run: (to) => run(to, ['rm small/*', 'rmdir small']),
    after: (to) => run(to, ['mkdir small', `put ${small}/* small`]),
  },
  df: {
    title: '1000 df',
    run: (to) =>
      run(
        to,
        Array.from({ length: 1000 }, () => 'df'),
      ),
  },
  idle: { title: '10 seconds of an idle session', run: idle },
};

async function idle(to: Contender): Promise<void> {
  const client = sftpProcess(to, key, options);
  client.stdin.write('mkdir idle\nrmdir idle\n');
  await sleep(10_000);
  client.stdin.end();
  await once(client, 'exit');
}

async function cpuOf(to: Contender, task: Task): Promise<number> {
  const before = fineCpuSeconds(to.pid);
  await task.run(to);
  const spent = fineCpuSeconds(to.pid) - before;
  await task.after?.(to);
  return spent;
}

async function compare(task: Task, limited: Contender, free: Contender, times: number): Promise<void> {
  const pairs: [number, number][] = [];
  for (let round = -1; round < times; round++) {
    const pair: [number, number] = [0, 0];
    // There and back, so that what drifts meanwhile meets both alike.
    for (const one of [limited, free, free, limited]) {
      pair[one === limited ? 0 : 1] += (await cpuOf(one, task)) / 2;
    }
    // The first round warms caches and the compiler.
    if (round >= 0) pairs.push(pair);
  }
  const ratios = pairs.map(([ours, theirs]) => ours / theirs);
  const [least, most] = medianInterval(ratios);
  const seconds = [median(pairs.map(([ours]) => ours)), median(pairs.map(([, theirs]) => theirs))];
  console.log(
    `${task.title}: server CPU ${seconds.map((value) => value.toFixed(3)).join(' s with, ')} s without; ` +
      `median ratio of ${times} rounds ${median(ratios).toFixed(3)}, 95 % interval ${least.toFixed(3)} to ${most.toFixed(3)}`,
  );
}

async function start(serve: PlimsollOptions): Promise<Contender> {
  const server = await plimsoll(work, `${key}.pub`, { quota: '10GB', ...serve });
  running.push(server);
  return server;
}

async function profile(): Promise<void> {
  const folder = join(work, 'profiles');
  const node = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250'];
  const server = await start({ name: 'profiled', node });
  const names = ['one', 'two', 'three', 'four'];
  await run(
    server,
    names.map((name) => `put ${noise} ${name}`),
  );
  await server.stop();
  running.splice(running.indexOf(server), 1);
  // Threads have profiles of their own; that of the event loop is the one in which sessions are served.
  const shares = readdirSync(folder)
    .map((name) => sharesOf(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile))
    .reduce((best, one) => (one.all > best.all ? one : best));
  const lines = [...shares.of].map(
    ([share, count]) => `${share} ${((100 * count) / shares.all).toFixed(2)} %`,
  );
  console.log(`profiled put of 4 times ${mebibytes} MiB, ${shares.all} samples: ${lines.join(', ')}`);
}

try {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeNoise(noise, mebibytes);
  mkdirSync(small);
  for (let index = 0; index < files; index++) writeFileSync(join(small, `file-${index}`), 'x'.repeat(1024));
  const parts = values.part ?? ['profile', 'put', 'files', 'remove', 'df', 'idle'];
  if (parts.includes('profile')) await profile();
  const limited = await start({ name: 'limited' });
  const free = await start({ name: 'free', built: builtWithoutLine(work) });
  for (const [name, task] of Object.entries(tasks)) {
    if (!parts.includes(name)) continue;
    if (name === 'remove') for (const one of running) await task.after?.(one);
    await compare(task, limited, free, name === 'idle' ? Math.min(rounds, 5) : rounds);
    if (name === 'remove') for (const one of running) await task.run(one);
  }
} finally {
  for (const server of running) await server.stop();
  rmSync(work, { recursive: true, force: true });
}
