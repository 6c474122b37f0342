import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Contender } from './contenders.js';

/** Ends the program, with what to do about it, where one of these is not installed. */
export function needs(programs: readonly string[]): void {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  const missing = programs.filter((name) => spawnSync('which', [name], { env }).status !== 0);
  if (missing.length === 0) return;
  console.error(
    `cannot compare: ${missing.join(', ')} not installed (Debian: openssh-client, openssh-server)`,
  );
  process.exit(1);
}

/** OpenSSH's `sftp` in batch mode. @param key file of the private key */
export function sftpProcess(to: Contender, key: string, options: readonly string[] = [], user = to.user) {
  const ssh = ['IdentitiesOnly=yes', 'BatchMode=yes', 'LogLevel=ERROR', 'UserKnownHostsFile=/dev/null'];
  const fixed = ['-i', key, '-F', '/dev/null', ...ssh.flatMap((option) => ['-o', option])];
  return spawn(
    'sftp',
    [
      ...fixed,
      ...['-o', 'StrictHostKeyChecking=no', ...options],
      ...['-q', '-P', String(to.port), '-b', '-', `${user}@127.0.0.1`],
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
}

/** Carries out lines of a batch file. @throws when one fails */
export async function sftp(
  to: Contender,
  key: string,
  lines: readonly string[],
  options: readonly string[] = [],
  user = to.user,
): Promise<void> {
  const client = sftpProcess(to, key, options, user);
  client.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const [status] = (await once(client, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${to.name}: sftp ended with ${status}`);
}
