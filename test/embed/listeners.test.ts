import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Listeners } from '../../src/embed/listeners.js';
import { createEvents } from '../../src/observe/events.js';

afterEach(() => vi.restoreAllMocks());

const rejecting = {
  'of another realm': () => runInNewContext("Promise.reject('no')") as unknown,
  'of another library': () => ({ then: (_done: unknown, failed: (why: string) => void) => failed('no') }),
  'whose then throws': () => ({
    then: () => {
      throw new Error('no');
    },
  }),
};

describe('a listener that gives a promise', () => {
  it.each(Object.entries(rejecting))('%s, which is rejected, is told of once (P1)', async (_what, give) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const events = createEvents();
    new Listeners(events).on('server.warning', give, false);
    events.emit('server.warning', { message: '' });
    events.emit('server.warning', { message: '' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned.mock.calls.map(([error]) => String(error))).toEqual([
      expect.stringMatching(/^Error: a listener to events fails, first at server\.warning: (Error: )?no$/),
    ]);
  });
});
