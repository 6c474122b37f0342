import { describe, expect, it } from 'vitest';
import { CommandTurns } from '../../src/client/command-turns.js';

/** Begins one, and tells whether it has begun. */
function beginning(turns: CommandTurns, signal?: AbortSignal) {
  const state = { begun: false, failed: null as unknown };
  turns.begin(signal).then(
    () => (state.begun = true),
    (thrown: unknown) => (state.failed = thrown),
  );
  return state;
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('CommandTurns', () => {
  it('lets four run, and each that ends lets the next one, in order', async () => {
    const turns = new CommandTurns();
    const all = Array.from({ length: 6 }, () => beginning(turns));
    await settled();
    expect(all.map(({ begun }) => begun)).toEqual([true, true, true, true, false, false]);
    expect(turns.plenty).toBe(false);
    turns.end();
    await settled();
    expect(all.map(({ begun }) => begun)).toEqual([true, true, true, true, true, false]);
  });

  it('lets one go that is cancelled while it waits, and loses no turn by it', async () => {
    const turns = new CommandTurns();
    for (let running = 0; running < 4; running++) await turns.begin(undefined);
    const cancel = new AbortController();
    const cancelled = beginning(turns, cancel.signal);
    const next = beginning(turns);
    cancel.abort();
    turns.end();
    await settled();
    expect(cancelled.failed).toMatchObject({ code: 'cancelled' });
    expect(next.begun).toBe(true);
  });

  it('learns how many a server grants, and gives up where it grants none', async () => {
    const turns = new CommandTurns();
    await turns.begin(undefined);
    await turns.begin(undefined);
    await turns.begin(undefined);
    expect(turns.refused()).toBe(true);
    turns.end();
    const third = beginning(turns);
    await settled();
    expect(third.begun).toBe(false);
    turns.end();
    await settled();
    expect(third.begun).toBe(true);
    turns.end();
    expect(turns.refused()).toBe(false);
  });
});
