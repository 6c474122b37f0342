import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { missing } from '../interop/programs.js';
import { startServer, type TestServer } from '../interop/server.js';
import { bytesAreCharged } from './bypass-bytes.js';
import { scpIsCharged } from './bypass-exec.js';
import { lineAccounts, linesHold } from './bypass-lines.js';
import { filesAreCharged } from './bypass-names.js';
import { oddWaysAreCharged } from './bypass-odd.js';
import { LinedHomes } from './lined-homes.js';
import { refusalsAreTold } from './refusals-at-line.js';

/** The real server, packet by packet: one for all, and a home for each test. */
describe.skipIf(missing('ssh-keygen'))('the load line', () => {
  let server: TestServer;
  let homes: LinedHomes;

  beforeAll(async () => {
    server = await startServer();
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
