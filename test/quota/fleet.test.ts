import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scale } from '../scale.js';
import { replay } from './system/steps.js';
import { Crewman } from './crewman.js';
import { Fleet, type Ship } from './fleet.js';
import { chance, voyage, type Voyage } from './voyages.js';

const steps = 40;
const sessions = 2;
/** Of all ways to the disk and back, and how many turns of the event loop they take: all else goes on meanwhile. */
const longWays = 0.03;
const longWay = 60;

/** Milliseconds after which a request that was not answered never will be. */
const longest = 20_000;

/** Sails to the end. @returns how many steps were answered */
async function sail(servers: number, one: Voyage): Promise<number> {
  const over = new AbortController();
  try {
    return await Promise.race([
      voyaged(servers, one),
      sleep(longest, 0, { signal: over.signal }).then(() => {
        throw new Error('a request is not answered');
      }),
    ]);
  } finally {
    over.abort();
  }
}

async function voyaged(servers: number, { seed, slowness, room, line, scripts }: Voyage): Promise<number> {
  const random = chance(seed);
  const turns = (): number => (random() < longWays ? longWay : Math.floor(random() * (slowness + 1)));
  const fleet = await Fleet.launch({ line, room, turns });
  const first = Array.from({ length: servers }, () => fleet.ship());
  const next = new Map<Ship, Ship>();
  const replaced = (dead: Ship): Ship => {
    const ship = next.get(dead) ?? fleet.ship();
    next.set(dead, ship);
    return ship;
  };
  const crew = scripts.map((_, index) => new Crewman(fleet, first[index % servers] ?? fleet.ship()));
  await Promise.all(crew.map((crewman, index) => crewman.play(scripts[index] ?? [], replaced)));
  fleet.ill = null;
  for (const ship of fleet.ships) ship.resume();
  fleet.assertSound();
  await Promise.all(crew.map((crewman) => crewman.end()));
  await fleet.settled();
  await fleet.end();
  fleet.assertSound();
  return crew.reduce((sum, { done }) => sum + done, 0);
}

async function manyTimes(servers: number, trouble: number): Promise<number> {
  let done = 0;
  await fc.assert(
    fc.asyncProperty(voyage(servers, sessions, steps, trouble), async (one) => {
      done += await sail(servers, one);
    }),
    { numRuns: scale('quotaVoyages'), endOnFailure: true, ...replay() },
  );
  return done;
}

describe('any requests, in several servers at one home [L1, L3, L4, L5, L6]', () => {
  it.each([1, 2, 3])(
    'of %i, all well',
    async (servers) => {
      expect(await manyTimes(servers, 0)).toBeGreaterThan(0);
    },
    600_000,
  );

  it.each([1, 3])(
    'of %i that are killed, hang and cannot write to the store',
    async (servers) => {
      expect(await manyTimes(servers, 3)).toBeGreaterThan(0);
    },
    600_000,
  );
});
