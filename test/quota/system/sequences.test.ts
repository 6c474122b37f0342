import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { scale } from '../../scale.js';
import type { Crew } from './crew.js';
import { Harbour } from './crew.js';
import { HomeModel } from './home-model.js';
import { same, until } from './patience.js';
import { Player } from './player.js';
import { replay, turns, type Turn } from './steps.js';

const line = { bytes: 200_000, files: 24 };
const homes = { alice: line, bob: line };
const sessions = 8;
const stepsInRun = 250;

/** Does the steps one after another; ledger, model and disk are compared after each. Gives how many there were. */
async function sail(crew: Crew, script: readonly Turn[]): Promise<number> {
  const models = new Map(crew.accounts.map((account) => [account, new HomeModel(line)]));
  const players = crew.members.map(({ account, session }) => {
    const model = models.get(account) ?? new HomeModel(line);
    return { account, model, player: new Player(session, model) };
  });
  let done = 0;
  for (const [index, { session, step }] of script.entries()) {
    const { account, model, player } = players[session % players.length] ?? raise();
    if ((await player.play(step)) === null) continue;
    done++;
    const expected = model.used();
    expect(crew.servers.disk(account), `the disk after step ${index}`).toEqual(model.onDisk());
    // Each session of the home in turn, in whichever process: all have to say the same.
    const asked = crew.of(account, index);
    if (step.do === 'disconnect') {
      // Nobody is told when the server has noticed, and closed what was open.
      await until(
        () => asked.usage(),
        (used) => same(used, expected),
        `${JSON.stringify(expected)} after a disconnect`,
      );
    } else {
      expect(await asked.usage(), `the ledger after step ${index}`).toEqual(expected);
    }
  }
  for (const { player } of players) await player.closeAll();
  for (const [account, model] of models) {
    const [ledger, disk] = [await crew.of(account).usage(), crew.servers.disk(account)];
    expect({ ledger, disk }).toEqual({ ledger: model.used(), disk: model.used() });
  }
  return done;
}

function raise(): never {
  throw new Error('there are no sessions');
}

describe.skipIf(missing('ssh-keygen')).each([1, 2])(
  'sessions of two homes one after another, %i process(es) [L1, L2, L3, L5, L6]',
  (processes) => {
    const harbour = new Harbour(processes, homes, sessions);
    beforeAll(() => harbour.open());
    afterAll(() => harbour.close());

    it('ledger, model and disk are the same after every request', async () => {
      const wanted = scale('quotaSteps');
      let done = 0;
      await fc.assert(
        fc.asyncProperty(turns(stepsInRun, sessions), (script) =>
          harbour.with(async (crew) => void (done += await sail(crew, script))),
        ),
        // A step may find nothing to do: no open handle, say.
        { numRuns: Math.ceil((wanted / stepsInRun) * 1.5), interruptAfterTimeLimit: 300_000, ...replay() },
      );
      if (replay().seed === undefined) expect(done).toBeGreaterThanOrEqual(wanted);
      const scans = await harbour.scanned();
      expect(scans.map(({ name, drift }) => ({ name, drift }))).toEqual(
        Object.keys(homes).map((name) => ({ name, drift: { bytes: 0, files: 0 } })),
      );
    }, 600_000);
  },
);
