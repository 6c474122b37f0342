import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contenders.js';
import { median } from './cpu.js';
import { delayedLine } from './delay-proxy.js';
import { sftp } from './openssh-client.js';
import { plim, type PlimOptions } from './plim-client.js';
import { writeNoise } from './work-folder.js';

export interface DistanceOptions {
  readonly work: string;
  readonly servers: readonly Contender[];
  readonly megabytes: number;
  readonly rounds: number;
  /** Milliseconds of round trip that are added. */
  readonly roundTrip: number;
  readonly program: PlimOptions;
}

/**
 * get and put of one file over a line with a long round trip by plim, as it comes, and by OpenSSH's `sftp`, taking turns:
 * with everything from the start of the program to its end, and for plim with what it verifies.
 */
export async function measureDistance({
  work,
  servers,
  megabytes,
  rounds,
  roundTrip,
  program,
}: DistanceOptions): Promise<void> {
  const noise = join(work, 'noise');
  const got = join(work, 'got');
  writeNoise(noise, megabytes);
  console.log(
    `\n${megabytes} MiB over ${roundTrip} ms of round trip, ${rounds} rounds taking turns; wall in s, medians`,
  );
  console.log('server       way      plim     sftp  plim/sftp');
  for (const server of servers) {
    copyFileSync(noise, join(server.folder, 'noise'));
    const line = await delayedLine(server.port, roundTrip / 2);
    const far = { ...server, port: line.port };
    try {
      for (const way of ['get', 'put'] as const) {
        const walls: Record<'plim' | 'sftp', number[]> = { plim: [], sftp: [] };
        for (let round = 0; round < rounds; round++) {
          for (const file of [got, join(server.folder, 'put')]) rmSync(file, { force: true });
          const command = way === 'get' ? ['get', 'noise', got] : ['put', noise, 'put'];
          walls.plim.push((await plim(far, work, command, program)).wall);
          for (const file of [got, join(server.folder, 'put')]) rmSync(file, { force: true });
          const started = performance.now();
          await sftp(far, join(work, 'key'), [command.join(' ')]);
          walls.sftp.push((performance.now() - started) / 1000);
        }
        const [ours, theirs] = [median(walls.plim), median(walls.sftp)];
        const figures = [ours, theirs, ours / theirs].map((value) => value.toFixed(2).padStart(9)).join('');
        console.log(`${server.name.padEnd(13)}${way}${figures}`);
      }
    } finally {
      await line.stop();
    }
  }
}
