import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteString } from '../../src/names.js';
import { run, type Result } from './programs.js';
import type { TestServer } from './server.js';

export interface Curl {
  /** Runs curl as alice, by key, the server's host key pinned; paths below `url` are percent-encoded. */
  (...args: readonly string[]): Promise<Result>;
  /** The same, with options of the caller's for who logs in and which host key is right. */
  readonly as: (login: readonly string[], args: readonly string[], input?: Buffer) => Promise<Result>;
  readonly pin: readonly string[];
  readonly byKey: readonly string[];
  url(path: ByteString): string;
}

export function curl(server: TestServer): Curl {
  const home = join(server.work, 'curl-home');
  mkdirSync(home, { recursive: true });
  const fingerprint = execFileSync('ssh-keygen', [
    '-lf',
    join(server.root, 'keys/ssh_host_ed25519_key.pub'),
  ]).toString();
  const pin = ['--hostpubsha256', /SHA256:(\S+)/.exec(fingerprint)?.[1] ?? ''];
  const byKey = ['--key', server.keyFile, '-u', 'alice:'];
  const as: Curl['as'] = (login, args, input = Buffer.alloc(0)) =>
    run('curl', ['-q', '-sS', '--globoff', ...login, ...args], {
      cwd: server.work,
      input,
      env: { PATH: process.env['PATH'], HOME: home },
    });
  return Object.assign((...args: readonly string[]) => as([...pin, ...byKey], args), {
    as,
    pin,
    byKey,
    url: (path: ByteString) => `sftp://127.0.0.1:${server.port}${percentEncoded(path)}`,
  });
}

/** Each byte but the plainest and the slash as `%XX`. [RFC 3986 2.1] */
function percentEncoded(path: ByteString): string {
  return path.replace(
    /[^A-Za-z0-9/._~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
