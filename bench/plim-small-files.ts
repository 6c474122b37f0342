import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Contender } from './contenders.js';
import { median } from './cpu.js';
import { sftp } from './openssh-client.js';
import { plim, type PlimOptions } from './plim-client.js';

export interface SmallFilesOptions {
  readonly work: string;
  readonly servers: readonly Contender[];
  readonly files: number;
  readonly rounds: number;
  readonly program: PlimOptions;
}

const filesInFolder = 100;
const bytesOfFile = 1000;

/** `put -r` of many small files by plim, eight at once, and by OpenSSH's `sftp`, taking turns. */
export async function measureSmallFiles({
  work,
  servers,
  files,
  rounds,
  program,
}: SmallFilesOptions): Promise<void> {
  const tree = join(work, 'tree');
  for (let file = 0; file < files; file++) {
    const folder = join(tree, `folder-${Math.floor(file / filesInFolder)}`);
    if (file % filesInFolder === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${file}`), randomBytes(bytesOfFile));
  }
  console.log(
    `\n${files} files of ${bytesOfFile} bytes, put -r, ${rounds} rounds taking turns; wall in s, medians`,
  );
  console.log('server        plim     sftp  plim/sftp');
  for (const server of servers) {
    const target = join(server.folder, 'tree');
    const walls: Record<'plim' | 'sftp', number[]> = { plim: [], sftp: [] };
    for (let round = 0; round < rounds; round++) {
      rmSync(target, { recursive: true, force: true });
      walls.plim.push((await plim(server, work, ['put', '-r', '--jobs', '8', tree, 'tree'], program)).wall);
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
      const started = performance.now();
      await sftp(server, join(work, 'key'), [`put -r ${tree}/. tree`]);
      walls.sftp.push((performance.now() - started) / 1000);
    }
    rmSync(target, { recursive: true, force: true });
    const [ours, theirs] = [median(walls.plim), median(walls.sftp)];
    const figures = [ours, theirs, ours / theirs].map((value) => value.toFixed(2).padStart(9)).join('');
    console.log(`${server.name.padEnd(10)}${figures}`);
  }
}
