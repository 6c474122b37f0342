import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openssh, plimsoll, type Contender } from './contenders.js';
import { needs } from './openssh-client.js';
import { measureDistance } from './plim-distance.js';
import { measureMemory } from './plim-memory.js';
import { measureSmallFiles } from './plim-small-files.js';

/**
 * The client `plim` against OpenSSH's `sftp`, on OpenSSH's server and on this project's: over distance, with many small
 * files, and how much memory it takes. Absolute figures drift within an hour, ratios of runs side by side hold.
 */
const parts = ['distance', 'small-files', 'memory'] as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** The program to measure, such as `dist/plim.mjs`. */
    program: { type: 'string', default: 'dist/bin/plim.js' },
    /** Milliseconds. */
    'round-trip': { type: 'string', default: '100' },
    /** In megabytes, of the memory's large file. */
    large: { type: 'string' },
    /** How many small files. */
    files: { type: 'string' },
    /** Keeps to one server. */
    server: { type: 'string' },
    /** Options for the Node that runs plim, such as `--cpu-prof --cpu-prof-dir=DIR`. */
    node: { type: 'string', multiple: true, default: [] },
  },
});
const wanted = positionals.length === 0 ? parts : parts.filter((part) => positionals.includes(part));
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
const program = { program: values.program, node: values.node };

needs(['sftp', 'ssh-keygen', 'sshd']);

// On a disk: ten gigabytes in memory would be too much for many machines.
const work = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
const servers: Contender[] = [];
try {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(work, 'key')]);
  const key = join(work, 'key.pub');
  if (values.server !== 'plimsoll') servers.push(await openssh(work, key));
  if (values.server !== 'openssh') servers.push(await plimsoll(work, key));
  for (const { folder } of servers) mkdirSync(folder, { recursive: true });
  if (wanted.includes('distance')) {
    const megabytes = 100;
    await measureDistance({
      work,
      servers,
      megabytes,
      rounds,
      roundTrip: Number(values['round-trip']),
      program,
    });
  }
  if (wanted.includes('small-files')) {
    await measureSmallFiles({
      work,
      servers,
      files: Number(values.files ?? (values.quick ? 1000 : 10_000)),
      rounds: Math.min(rounds, 3),
      program,
    });
  }
  if (wanted.includes('memory')) {
    const large = Number(values.large ?? (values.quick ? 1000 : 10_000));
    await measureMemory({ work, servers, megabytes: [10, large], program });
  }
} finally {
  for (const server of servers) await server.stop();
  rmSync(work, { recursive: true, force: true });
}
