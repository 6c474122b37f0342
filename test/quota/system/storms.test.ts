import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { scale } from '../../scale.js';
import { Anything } from './anything.js';
import { Harbour, type Crew } from './crew.js';
import { diskTree } from './disk-usage.js';
import type { Outcome } from './home-model.js';
import { replay, scripts, type Step } from './steps.js';
import { blow, embark, Lookout } from './storm.js';

const line = { bytes: 200_000, files: 60 };
const homes = { alice: line, bob: line };
const sessions = 8;
const stepsOfSession = 60;

/** Lets all sessions go at once; gives how many steps were answered, by outcome. */
async function stormy(crew: Crew, orders: readonly (readonly Step[])[]): Promise<Record<Outcome, number>> {
  const counts = { done: 0, quota: 0, refused: 0 };
  const sailors = await embark(crew, new Anything({ troubled: false }));
  const lookout = new Lookout(crew.servers, homes);
  try {
    await blow(sailors, orders, (outcome) => counts[outcome]++);
  } finally {
    expect(await lookout.end(), 'seen above the line').toEqual([]);
  }
  for (const { own, others } of sailors) {
    await own.closeAll();
    await others.closeAll();
  }
  for (const account of crew.accounts) {
    expect(await crew.settled(account), `the ledger of ${account}`).toEqual(crew.servers.disk(account));
  }
  for (const { account, folder, model } of sailors) {
    const found = diskTree(`${crew.servers.home(account)}/${folder}`);
    expect(Object.fromEntries(found), `${folder} of ${account}`).toEqual(Object.fromEntries(model.tree()));
  }
  return counts;
}

describe.skipIf(missing('ssh-keygen')).each([1, 2])(
  'sessions of two homes all at once, %i process(es) [L1, L2, L5, L6]',
  (processes) => {
    const harbour = new Harbour(processes, homes, sessions);
    beforeAll(() => harbour.open());
    afterAll(() => harbour.close());

    it('the disk is never over the line, the ledger equals it in the end, and nobody lost what was acknowledged', async () => {
      const wanted = scale('quotaStormSteps');
      const counts = { done: 0, quota: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(scripts(stepsOfSession, sessions), (orders) =>
          harbour.with(async (crew) => {
            const more = await stormy(crew, orders);
            for (const outcome of ['done', 'quota', 'refused'] as const) counts[outcome] += more[outcome];
          }),
        ),
        // What sessions do at once is never the same twice: making it smaller would take hours, and mislead.
        { numRuns: Math.ceil((wanted / (stepsOfSession * sessions)) * 1.5), endOnFailure: true, ...replay() },
      );
      if (replay().seed !== undefined) return;
      expect(counts.done + counts.quota + counts.refused).toBeGreaterThanOrEqual(wanted);
      expect(counts.quota).toBeGreaterThan(wanted / 100);
      for (const { name, drift } of await harbour.scanned()) {
        expect({ name, drift }).toEqual({ name, drift: { bytes: 0, files: 0 } });
      }
    }, 600_000);
  },
);
