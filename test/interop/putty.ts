import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './programs.js';
import { must, type TestServer } from './server.js';

/** What PuTTY's programs are run with. They ask the system for the user's home, not $HOME, unless this is set. */
export function puttyEnvironment(server: TestServer): NodeJS.ProcessEnv {
  const folder = join(server.work, 'putty');
  mkdirSync(folder, { recursive: true });
  return { ...process.env, PUTTYDIR: folder };
}

/** The test's key in PuTTY's own format. */
export async function puttyKey(server: TestServer): Promise<string> {
  const file = join(server.work, 'id.ppk');
  await must(
    run('puttygen', [server.keyFile, '-O', 'private', '-o', file], { env: puttyEnvironment(server) }),
  );
  return file;
}

/** A saved session that `-load NAME` reads: settings that have no option of their own. */
export function saveSession(
  server: TestServer,
  name: string,
  settings: Readonly<Record<string, string>>,
): void {
  const folder = join(puttyEnvironment(server)['PUTTYDIR'] ?? '', 'sessions');
  mkdirSync(folder, { recursive: true });
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(folder, name), lines.join(''));
}

/** The fingerprints that `-hostkey` takes, one for each host key of the server. */
export async function fingerprints(server: TestServer): Promise<readonly string[]> {
  const { stdout } = await must(server.plimsoll(['hostkey', 'show']));
  return stdout.match(/SHA256:\S+/g) ?? [];
}
