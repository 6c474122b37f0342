import { closeSync, ftruncateSync, openSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contenders.js';
import { plim, type PlimOptions } from './plim-client.js';

export interface MemoryOptions {
  readonly work: string;
  readonly servers: readonly Contender[];
  /** Of the small and of the large file. */
  readonly megabytes: readonly [number, number];
  readonly program: PlimOptions;
}

/** The most memory plim has while it moves a small file and a large one, both of nothing but zeros. */
export async function measureMemory({ work, servers, megabytes, program }: MemoryOptions): Promise<void> {
  const { bavail, bsize } = statfsSync(work);
  const needed = megabytes[1] * 1.1;
  if ((bavail * bsize) / 1e6 < needed) {
    console.log(`\nno room for ${megabytes[1]} MB in ${work}: memory was not measured`);
    return;
  }
  console.log(`\npeak memory of plim in MB, at ${megabytes.join(' and ')} MB`);
  console.log('server       way        small    large     MB/s');
  for (const server of servers) {
    for (const way of ['get', 'put'] as const) {
      const peaks: number[] = [];
      let rate = 0;
      for (const size of megabytes) {
        const [here, there] = [join(work, 'sparse'), join(server.folder, 'sparse')];
        makeSparse(way === 'get' ? there : here, size);
        try {
          const { peak, wall } = await plim(
            server,
            work,
            way === 'get' ? ['get', 'sparse', here] : ['put', here, 'sparse'],
            program,
          );
          peaks.push(peak / 1e6);
          rate = size / wall;
        } finally {
          for (const file of [here, there]) rmSync(file, { force: true });
        }
      }
      const figures = [...peaks, rate].map((value) => value.toFixed(0).padStart(9)).join('');
      console.log(`${server.name.padEnd(13)}${way}  ${figures}`);
    }
  }
}

function makeSparse(path: string, megabytes: number): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, megabytes * 1e6);
  closeSync(file);
}
