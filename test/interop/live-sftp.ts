import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from './programs.js';
import type { TestServer } from './server.js';

export interface LiveSftp {
  /** Types one command. */
  type(command: string): void;
  /** Resolves once the text has been printed, on either stream. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<Result>;
}

/** OpenSSH's sftp as a person has it open: commands one by one, the next when the last is done. */
export function liveSftp(
  server: TestServer,
  user: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): LiveSftp {
  const child = spawn('sftp', [...options, '-P', String(server.port), '-b', '-', `${user}@127.0.0.1`], {
    cwd: server.work,
    env: { ...process.env, ...environment },
  });
  const said = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const hear = (stream: keyof typeof said) => (chunk: Buffer) => {
    said[stream] += chunk.toString('latin1');
    for (const listener of [...listeners]) listener();
  };
  child.stdout.on('data', hear('stdout'));
  child.stderr.on('data', hear('stderr'));
  child.stdin.on('error', () => undefined);
  const ended = endOf(child).then((status) => ({ status, ...said }));
  return {
    type: (command) => void child.stdin.write(`${command}\n`),
    printed: async (text) => {
      const heard = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!said.stdout.includes(text) && !said.stderr.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
      const early = ended.then(({ status }) => {
        if (said.stdout.includes(text) || said.stderr.includes(text)) return;
        throw new Error(`sftp ended with ${status} before it said '${text}': ${said.stdout}${said.stderr}`);
      });
      await Promise.race([heard, early]);
    },
    ended,
  };
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const [status] = (await once(child, 'close')) as [number | null];
  return status;
}

/** Lets OpenSSH's programs log in by a password that nobody types, once. */
export function byPassword(
  server: TestServer,
  password: string,
): { readonly options: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const script = join(server.work, 'askpass');
  writeFileSync(script, '#!/bin/sh\nprintf "%s\\n" "$TEST_PASSWORD"\n');
  chmodSync(script, 0o755);
  return {
    options: [
      ...['-F', '/dev/null', '-o', 'PreferredAuthentications=password', '-o', 'NumberOfPasswordPrompts=1'],
      ...['-o', `UserKnownHostsFile=${join(server.work, 'known_hosts')}`],
      ...['-o', 'StrictHostKeyChecking=accept-new'],
      // `-b` means BatchMode=yes, in which no password is asked for; what is said first holds.
      ...['-o', 'BatchMode=no'],
    ],
    environment: { SSH_ASKPASS: script, SSH_ASKPASS_REQUIRE: 'force', TEST_PASSWORD: password },
  };
}
