import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { LineStage } from './line-stage.js';
import { missing } from './programs.js';
import { clientsReachTheLine } from './quota-clients.js';
import { diskFillsUp } from './quota-disk-full.js';
import { roomIsShown } from './quota-display.js';
import { fullHomesGoOn } from './quota-full.js';

/** Real programs at the load line: one server for all, and a home for each test. */
describe.skipIf(missing('ssh-keygen', 'sftp', 'scp'))('at the load line', () => {
  let stage: LineStage;

  beforeAll(async () => {
    stage = await LineStage.start();
  });
  afterEach(() => stage.homes.leave());
  afterAll(async () => {
    await stage.server.stop();
    expect(stage.server.log()).not.toContain('request.failed');
  });

  clientsReachTheLine(() => stage);
  fullHomesGoOn(() => stage);
  roomIsShown(() => stage);
  diskFillsUp(() => stage);
});
