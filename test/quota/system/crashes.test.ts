import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { scale } from '../../scale.js';
import { crash, type Weapon } from './crash.js';
import { Servers } from './servers.js';
import { replay, scripts } from './steps.js';

const line = { bytes: 200_000, files: 60 };
const homes = { alice: line, bob: line };
const sessions = 8;
const stepsOfSession = 60;

/** Kills a process once so many requests were answered. */
function killAfter(servers: Servers, victim: number, answers: number): Weapon {
  let left = answers;
  let killed: Promise<void> | null = null;
  return {
    answered: () => {
      if (--left === 0) killed = servers.kill(victim);
    },
    finish: () => killed ?? servers.kill(victim),
  };
}

/** Without any server the ledger is not below the disk either. */
async function expectNotBelow(servers: Servers): Promise<void> {
  for (const account of Object.keys(homes)) {
    const [disk, shown] = [servers.disk(account), await servers.shown(account)];
    expect(shown.bytes, `bytes shown of ${account}`).toBeGreaterThanOrEqual(disk.bytes);
    expect(shown.files, `files shown of ${account}`).toBeGreaterThanOrEqual(disk.files);
  }
}

describe.skipIf(missing('ssh-keygen')).each([1, 2])(
  'kill -9 of a server while sessions of two homes are at work, %i process(es) [L1, L4, L6]',
  (processes) => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await Servers.start(processes, homes);
    });
    afterAll(() => servers.stop());

    it('the disk is never over the line, and after each start the ledger equals it', async () => {
      const kills = Math.ceil(scale('quotaKills') / 2);
      let done = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            orders: scripts(stepsOfSession, sessions),
            answers: fc.integer({ min: 1, max: stepsOfSession * 4 }),
            victim: fc.nat(processes - 1),
          }),
          async ({ orders, answers, victim }) => {
            const arm = (): Promise<Weapon> => Promise.resolve(killAfter(servers, victim, answers));
            // Each time it would take as long as all the rest.
            const looks = processes === 1 && done++ % 10 === 0;
            const afterwards = (): Promise<void> => (looks ? expectNotBelow(servers) : Promise.resolve());
            await crash(servers, { homes, orders, victim, arm, afterwards });
          },
        ),
        // The homes are what the runs before left in them, so that a smaller case would be another one.
        { numRuns: kills, endOnFailure: true, ...replay() },
      );
      for (const { name, drift } of await servers.scanned()) {
        expect({ name, drift }).toEqual({ name, drift: { bytes: 0, files: 0 } });
      }
    }, 600_000);
  },
);
