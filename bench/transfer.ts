import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openssh, plimsoll, type Contender } from './contenders.js';
import { median } from './cpu.js';
import { needs, sftp } from './openssh-client.js';
import { workFolder, writeNoise } from './work-folder.js';

/**
 * get and put of one file by OpenSSH's client against this server and against OpenSSH's own, the same cipher, taking
 * turns: absolute figures drift within an hour, ratios of runs side by side hold.
 */
const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '5' },
    cipher: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
  },
});
const mebibytes = values.quick ? 256 : Number(values.size);
const rounds = values.quick ? 3 : Number(values.rounds);
const ciphers = values.cipher ?? ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr'];

needs(['sftp', 'ssh-keygen', 'sshd']);

interface Sample {
  readonly cpu: number;
  readonly wall: number;
}

type Direction = 'get' | 'put';

const work = workFolder(5 * mebibytes);
const key = join(work, 'key');
const noise = join(work, 'noise');

async function transfer(to: Contender, direction: Direction, cipher: string): Promise<Sample> {
  const before = to.cpu();
  const command = direction === 'get' ? `get noise ${join(work, 'got')}` : `put ${noise} put`;
  const started = process.hrtime.bigint();
  await sftp(to, key, [command], ['-c', cipher]);
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  // sshd counts a session's time once it has waited for its processes.
  await sleep(300);
  return { cpu: (to.cpu() - before) / (mebibytes / 1024), wall };
}

const contenders: Contender[] = [];
try {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeNoise(noise, mebibytes);
  const ours = await plimsoll(work, `${key}.pub`);
  contenders.push(ours);
  const theirs = await openssh(work, `${key}.pub`);
  contenders.push(theirs);
  for (const { folder } of contenders) {
    mkdirSync(folder, { recursive: true });
    execFileSync('cp', [noise, join(folder, 'noise')]);
  }

  console.log(
    `${mebibytes} MiB, ${rounds} rounds taking turns; server CPU in s/GiB, wall in s, medians; ratio ours/OpenSSH`,
  );
  console.log('cipher                        way    CPU ours  OpenSSH  ratio   wall ours  OpenSSH  ratio');
  for (const cipher of ciphers) {
    for (const direction of ['get', 'put'] as const) {
      const samples: Record<'ours' | 'theirs', Sample[]> = { ours: [], theirs: [] };
      for (let round = -1; round < rounds; round++) {
        const our = await transfer(ours, direction, cipher);
        const their = await transfer(theirs, direction, cipher);
        // The first round warms caches and the compiler.
        if (round < 0) continue;
        samples.ours.push(our);
        samples.theirs.push(their);
      }
      const cpu = [samples.ours, samples.theirs].map((list) => median(list.map((sample) => sample.cpu)));
      const wall = [samples.ours, samples.theirs].map((list) => median(list.map((sample) => sample.wall)));
      const row = [...pair(cpu), ...pair(wall)].map((value) => value.toFixed(2).padStart(9)).join('');
      console.log(`${cipher.padEnd(30)}${direction}  ${row}`);
    }
  }
} finally {
  for (const contender of contenders) await contender.stop();
  rmSync(work, { recursive: true, force: true });
}

function pair([ours = NaN, theirs = NaN]: readonly number[]): [number, number, number] {
  return [ours, theirs, ours / theirs];
}
