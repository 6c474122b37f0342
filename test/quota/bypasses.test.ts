import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { missing } from '../interop/programs.js';
import { startServer, type TestServer } from '../interop/server.js';
import { scale } from '../scale.js';
import { bytesAreCharged } from './bypass-bytes.js';
import { scpIsCharged } from './bypass-exec.js';
import { lineAccounts, linesHold } from './bypass-lines.js';
import { filesAreCharged } from './bypass-names.js';
import { oddWaysAreCharged } from './bypass-odd.js';
import { LinedHomes } from './lined-homes.js';
import { refusalsAreTold } from './refusals-at-line.js';

/** By two processes that share its address, the sessions of a test are in both; then by one. */
const workers = [2, 1].slice(0, scale('quotaServers'));

/** The real server, packet by packet: one for all, and a home for each test. */
describe.skipIf(missing('ssh-keygen')).each(workers)('the load line, by %i processes', (count) => {
  let server: TestServer;
  let homes: LinedHomes;

  beforeAll(async () => {
    server = await startServer({ environment: { PLIMSOLL_WORKERS: String(count) } });
    homes = await LinedHomes.on(server, 60, lineAccounts);
  });
  afterEach(() => homes.leave());
  afterAll(async () => {
    await server.stop();
    expect(server.log()).not.toContain('request.failed');
  });

  bytesAreCharged(() => homes);
  filesAreCharged(() => homes);
  oddWaysAreCharged(() => homes);
  scpIsCharged(() => homes);
  linesHold(() => homes);
  refusalsAreTold(() => homes);
});
