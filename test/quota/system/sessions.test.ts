import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { scale } from '../../scale.js';
import { Harbour } from './crew.js';
import { sail } from './sequence.js';
import { replay, scripts, turns } from './steps.js';
import { stormy } from './storm.js';

const line = { bytes: 200_000, files: 18 };
const homes = { alice: line, bob: line };
const sessions = 8;
const turnsInRun = 200;
const stepsOfSession = 40;

/** A step may find nothing to do: no open handle, say; and of a few runs one may be all of such steps. */
const runsFor = (wanted: number, stepsInRun: number): number => Math.ceil((wanted * 1.5) / stepsInRun) + 1;

describe.skipIf(missing('ssh-keygen')).each([1, 2])(
  'sessions of two homes in %i process(es)',
  (processes) => {
    const harbour = new Harbour(processes, homes, sessions);
    beforeAll(() => harbour.open());
    afterAll(() => harbour.close());

    it('one after another: ledger, model and disk are the same after every request [L1, L2, L3, L5, L6]', async () => {
      const wanted = scale('quotaSteps');
      let done = 0;
      await fc.assert(
        fc.asyncProperty(turns(turnsInRun, sessions), (script) =>
          harbour.with(async (crew) => void (done += await sail(crew, line, script))),
        ),
        { numRuns: runsFor(wanted, turnsInRun), interruptAfterTimeLimit: 1_200_000, ...replay() },
      );
      if (replay().seed === undefined) expect(done).toBeGreaterThanOrEqual(wanted);
      await harbour.expectNoDrift();
    }, 1_200_000);

    it('all at once: never over the line, the ledger is the disk in the end, nothing acknowledged is lost [L1, L2, L5, L6]', async () => {
      const wanted = scale('quotaStormSteps');
      const counts = { done: 0, quota: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(scripts(stepsOfSession, sessions), (orders) =>
          harbour.with(async (crew) => {
            const more = await stormy(crew, homes, orders);
            for (const outcome of ['done', 'quota', 'refused'] as const) counts[outcome] += more[outcome];
          }),
        ),
        // What sessions do at once is never the same twice: making it smaller would take hours, and mislead.
        { numRuns: runsFor(wanted, stepsOfSession * sessions), endOnFailure: true, ...replay() },
      );
      await harbour.expectNoDrift();
      if (replay().seed !== undefined) return;
      expect(counts.done + counts.quota + counts.refused).toBeGreaterThanOrEqual(wanted);
      expect(counts.quota).toBeGreaterThan(wanted / 100);
    }, 1_200_000);
  },
);
