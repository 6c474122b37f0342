import { expect } from 'vitest';
import type { Crew } from './crew.js';
import { HomeModel } from './home-model.js';
import { same, until } from './patience.js';
import { Player } from './player.js';
import type { Line } from './servers.js';
import type { Turn } from './steps.js';

/** Does the steps one after another; ledger, model and disk are compared after each. Gives how many there were. */
export async function sail(crew: Crew, line: Line, script: readonly Turn[]): Promise<number> {
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
