import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { Anything } from './anything.js';
import { Crew } from './crew.js';
import { Player } from './player.js';
import { recovered } from './recovery.js';
import type { Line, Servers } from './servers.js';
import type { Step } from './steps.js';
import { Lookout } from './storm.js';

/** How a process comes to its end in the middle of what its sessions do. */
export interface Weapon {
  /** Called with each answer that any session got. */
  answered(): void;
  /** Kills the process if it still lives; resolves when it is dead. */
  finish(): Promise<void>;
}

export interface Crash {
  readonly homes: Readonly<Record<string, Line>>;
  readonly orders: readonly (readonly Step[])[];
  /** The number of the process that dies. */
  readonly victim: number;
  /** Called when all sessions are there. */
  readonly arm: () => Promise<Weapon>;
  /** Called when the process is dead, and nobody works any more. */
  readonly afterwards?: () => Promise<void>;
}

/** Milliseconds until a process that ended its sessions has to be dead. */
const dying = 5000;

/**
 * Lets all sessions go, has a process killed in the middle of it and starts it anew. The disk is never over the line; the
 * ledger is never below the disk, and comes to equal it (L1, L4).
 */
export async function crash(
  servers: Servers,
  { homes, orders, victim, arm, afterwards }: Crash,
): Promise<void> {
  const accounts = Object.keys(homes);
  const crew = await Crew.gather(servers, accounts, orders.length);
  const anything = new Anything({ troubled: true });
  const weapon = await arm();
  const lookout = new Lookout(servers, homes);
  await Promise.all(
    crew.members.map(async ({ session, process }, index) => {
      const player = new Player(session, anything);
      try {
        for (const step of orders[index] ?? []) if ((await player.play(step)) !== null) weapon.answered();
      } catch (thrown) {
        // Sessions of the one that dies end in the middle of a request; no other may.
        if (process !== victim) throw thrown;
        const late = sleep(dying, undefined, { ref: false }).then(() => {
          throw thrown;
        });
        await Promise.race([servers.gone(victim), late]);
      }
    }),
  );
  await weapon.finish();
  expect(await lookout.end(), 'seen above the line').toEqual([]);
  crew.end();
  await afterwards?.();
  await servers.restart(victim);
  for (const account of accounts) {
    for (let process = 0; process < servers.count; process++) await recovered(servers, account, process);
  }
}
