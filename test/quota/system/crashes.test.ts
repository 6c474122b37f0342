import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { scale } from '../../scale.js';
import { crash, type Weapon } from './crash.js';
import { Servers } from './servers.js';
import { replay, scripts } from './steps.js';
import { setTrap, trapsMissing, type Trap } from './trap.js';

const line = { bytes: 200_000, files: 60 };
const homes = { alice: line, bob: line };
const sessions = 8;
const stepsOfSession = 40;

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
  const shown = await servers.shown();
  for (const account of Object.keys(homes)) {
    const disk = servers.disk(account);
    expect(shown.get(account)?.bytes, `bytes shown of ${account}`).toBeGreaterThanOrEqual(disk.bytes);
    expect(shown.get(account)?.files, `files shown of ${account}`).toBeGreaterThanOrEqual(disk.files);
  }
}

/** What changes a home or the ledger, as Node calls it. `write` also is each answer, and each word between processes. */
const calls = [
  ...['pwrite64', 'rename', 'unlink', 'ftruncate', 'link', 'mkdir', 'rmdir', 'symlink'],
  ...['openat', 'write', 'close', 'fdatasync'],
];

const untraceable = await trapsMissing();

describe.skipIf(missing('ssh-keygen')).each([1, 2])(
  'kill -9 of a server while sessions of two homes are at work, %i process(es) [L1, L4, L6]',
  (processes) => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await Servers.start(processes, homes);
    });
    afterAll(() => servers.stop());

    it('at any moment: the disk is never over the line, and after each start the ledger equals it', async () => {
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
    }, 1_200_000);

    it.skipIf(untraceable)(
      'just before a system call: the same',
      async () => {
        const moments = scale('quotaMoments') / 2;
        let sprung = 0;
        for (let moment = 0; moment < moments; moment++) {
          const call = calls[moment % calls.length] ?? '';
          const nth = 1 + Math.floor(moment / calls.length);
          const victim = moment % processes;
          const [orders = []] = fc.sample(scripts(stepsOfSession, sessions), { numRuns: 1, seed: moment });
          let trap: Trap | null = null;
          const arm = async (): Promise<Weapon> => (trap = await setTrap(servers, victim, call, nth));
          await crash(servers, { homes, orders, victim, arm }).catch((cause: unknown) => {
            throw new Error(`killed before ${call}, time ${nth}, moment ${moment}`, { cause });
          });
          if ((trap as Trap | null)?.sprung()) sprung++;
        }
        expect(sprung).toBeGreaterThan(moments / 2);
        await servers.expectNoDrift();
      },
      1_200_000,
    );
  },
);
