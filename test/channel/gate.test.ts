import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/channel/gate.js';

/** A task that ends when it is told to. */
function held(): { readonly task: () => Promise<string>; readonly begun: () => boolean; end(): void } {
  let began = false;
  let end = (): void => undefined;
  const done = new Promise<string>((resolve) => (end = () => resolve('done')));
  return {
    task: () => {
      began = true;
      return done;
    },
    begun: () => began,
    end: () => end(),
  };
}

const never = new AbortController().signal;

describe('a gate [T7]', () => {
  it('lets as many through as it is wide, and the next when one has ended', async () => {
    const gate = new Gate(2);
    const tasks = [held(), held(), held()] as const;
    const passing = tasks.map(({ task }) => gate.pass(never, task));
    expect(tasks.map(({ begun }) => begun())).toEqual([true, true, false]);
    tasks[1].end();
    await passing[1];
    await Promise.resolve();
    expect(tasks[2].begun()).toBe(true);
    tasks[0].end();
    tasks[2].end();
    await expect(Promise.all(passing)).resolves.toEqual(['done', 'done', 'done']);
  });

  it('forgets who left while waiting, and takes nobody who had left before', async () => {
    const gate = new Gate(1);
    const [running, leaving, later] = [held(), held(), held()] as const;
    const first = gate.pass(never, running.task);
    const leave = new AbortController();
    const left = gate.pass(leave.signal, leaving.task);
    const last = gate.pass(never, later.task);
    leave.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    running.end();
    later.end();
    await Promise.all([first, last]);
    expect(leaving.begun()).toBe(false);
    await expect(gate.pass(leave.signal, leaving.task)).rejects.toMatchObject({ code: 'cancelled' });
    expect(await gate.pass(never, () => Promise.resolve('free again'))).toBe('free again');
  });
});
