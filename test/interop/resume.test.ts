import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLines } from './audit.js';
import { sha256, writeNoise } from './bytes.js';
import { curl } from './curl.js';
import { lftp } from './lftp.js';
import { missing, type Result } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

const size = 2_500_000;
const boundaries = [0, 1, 1024, 1_048_576, size - 1, size] as const;

/** How a client goes on with the file of that path, which is the same below the home and below the test's folder. */
interface Resuming {
  readonly up: (path: string) => Promise<Result>;
  readonly down: (path: string) => Promise<Result>;
}

/** What is there of the destination stays, and only what lacks is moved: the audit tells how many bytes. */
describe.skipIf(missing('curl', 'lftp', 'ssh', 'ssh-keygen'))('resuming', () => {
  let server: TestServer;
  let whole: Buffer;
  let expected: string;

  const clients: Readonly<Record<string, () => Resuming>> = {
    'curl -C -': () => {
      const client = curl(server);
      return {
        up: (path) => client('-C', '-', '-T', path, client.url(`/${path}`)),
        down: (path) => client('-C', '-', '-o', path, client.url(`/${path}`)),
      };
    },
    "lftp's put -c and get -c": () => {
      const client = lftp(server);
      return {
        up: (path) => client(`put -c ${path} -o ${path}`),
        down: (path) => client(`get -c ${path} -o ${path}`),
      };
    },
    "lftp's reput and reget": () => {
      const client = lftp(server);
      return {
        up: (path) => client(`reput ${path} -o ${path}`),
        down: (path) => client(`reget ${path} -o ${path}`),
      };
    },
    "lftp's mirror -c": () => {
      const client = lftp(server);
      return {
        up: (path) => client(`mirror -R -c ${dirname(path)} ${dirname(path)}`),
        down: (path) => client(`mirror -c ${dirname(path)} ${dirname(path)}`),
      };
    },
  };

  beforeAll(async () => {
    server = await startServer();
    await writeNoise(join(server.work, 'whole'), size, 3);
    whole = readFileSync(join(server.work, 'whole'));
    expected = await sha256(join(server.work, 'whole'));
  });
  afterAll(() => server.stop());

  function sessionsEnded(): number {
    return auditLines(server).filter(({ event }) => event === 'session.closed').length;
  }

  /** The bytes of that file that a client moved while `run` ran. */
  async function moved(path: string, run: () => Promise<Result>): Promise<number> {
    const before = sessionsEnded();
    await must(run());
    // The end of the session is audited after its files; that of the connection may come before them.
    await expect.poll(sessionsEnded, { timeout: 10_000 }).toBe(before + 1);
    return auditLines(server)
      .filter((line) => line.event === 'file.closed' && line.path === `/${path}`)
      .reduce((sum, { bytesRead = 0, bytesWritten = 0 }) => sum + bytesRead + bytesWritten, 0);
  }

  const cases = Object.keys(clients).flatMap((client) =>
    (['up', 'down'] as const).flatMap((direction) =>
      boundaries.map((there) => [client, direction, there] as const),
    ),
  );

  it.each(cases)('by %s, %s, from %i bytes', async (client, direction, there) => {
    const folder = `${Object.keys(clients).indexOf(client)}-${direction}-${there}`;
    const path = `${folder}/file`;
    const [below, above] =
      direction === 'up' ? [server.work, server.home('alice')] : [server.home('alice'), server.work];
    for (const root of [below, above]) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(below, path), whole);
    // A transfer that ended early left something younger than what it copied.
    utimesSync(join(below, path), 1_000_000_000, 1_000_000_000);
    writeFileSync(join(above, path), whole.subarray(0, there));

    const resuming = clients[client]?.()[direction];
    expect(await moved(path, () => resuming?.(path) as Promise<Result>)).toBe(size - there);
    expect(await sha256(join(above, path))).toBe(expected);
    expect(await sha256(join(below, path))).toBe(expected);
  });
});
