import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Result } from './programs.js';
import { must, type TestServer } from './server.js';

export interface Rclone {
  /** Where a remote is named `home:PATH`. */
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The same remote as a connection string, which leaves nothing in a configuration; `options` are `,key=value`. */
  remote(path: string, options?: string): string;
  run(...args: readonly string[]): Promise<Result>;
  /** Runs it and expects success. */
  done(...args: readonly string[]): Promise<Result>;
}

/** rclone with a configuration of its own. */
export function rcloneFor(server: TestServer, account = 'alice'): Rclone {
  // Not what ssh wrote down: that is one key, and rclone may ask the server for another kind.
  const knownHosts = join(server.root, 'var/known_hosts');
  const configFile = join(server.work, `rclone ${account}.conf`);
  const empty = join(server.work, `home of rclone ${account}`);
  mkdirSync(empty);
  const settings = {
    host: '127.0.0.1',
    port: String(server.port),
    user: account,
    key_file: server.keyFile,
    known_hosts_file: knownHosts,
  };
  const lines = Object.entries({ type: 'sftp', ...settings }).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(configFile, `[home]\n${lines.join('')}`);
  const environment = {
    PATH: process.env['PATH'],
    HOME: empty,
    RCLONE_CONFIG: configFile,
    RCLONE_CACHE_DIR: join(empty, 'cache'),
    // One try: what fails is to be seen.
    RCLONE_RETRIES: '1',
    RCLONE_LOW_LEVEL_RETRIES: '1',
  };
  const rclone = (...args: readonly string[]): Promise<Result> =>
    run('rclone', args, { cwd: server.work, env: environment });
  return {
    configFile,
    environment,
    remote: (path, options = '') => {
      const given = Object.entries(settings).map(([key, value]) => `,${key}="${value}"`);
      return `:sftp${given.join('')}${options}:${path}`;
    },
    run: rclone,
    done: (...args) => must(rclone(...args)),
  };
}

/** What rclone remembered of the remote in its configuration: it looks once for a shell and for commands that hash. */
export function remembered({ configFile }: Rclone): Readonly<Record<string, string>> {
  const lines = readFileSync(configFile, 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [key, value] = line.split(' = ');
      return key !== undefined && value !== undefined ? [[key, value] as const] : [];
    }),
  );
}
