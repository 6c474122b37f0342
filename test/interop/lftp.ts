import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteString } from '../../src/names.js';
import { run, type Result } from './programs.js';
import type { TestServer } from './server.js';

export type Lftp = (commands: string) => Promise<Result>;

/** Runs lftp's commands in the test's own folder; the first that fails ends it. */
export function lftp(server: TestServer, account = 'alice'): Lftp {
  const home = join(server.work, 'lftp-home');
  mkdirSync(home, { recursive: true });
  const script = join(server.work, 'lftp-script');
  const before = [
    `set sftp:connect-program "ssh -a -x ${server.sshOptions.join(' ')}"`,
    'set cmd:fail-exit yes',
    'set net:max-retries 1',
    'set net:timeout 20',
    `open -p ${server.port} -u ${account}, sftp://127.0.0.1`,
  ];
  return (commands) => {
    writeFileSync(script, `${[...before, commands].join('\n')}\n`, 'latin1');
    return run('lftp', ['--norc', '-f', script], {
      cwd: server.work,
      env: { PATH: process.env['PATH'], HOME: home, LFTP_HOME: home, TZ: 'UTC' },
    });
  };
}

/** The name as a word of lftp, which takes a backslash before any character for that character. */
export function lftpQuoted(name: ByteString): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`;
}
