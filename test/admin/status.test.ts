import { expect, it } from 'vitest';
import { countEvents, overall, type Status } from '../../src/admin/status.js';
import { createEvents } from '../../src/observe/events.js';

function status(pid: number, since: string, more: Partial<Status> = {}): Status {
  const counts = { ...countEvents(createEvents()), connections: 1, bytesRead: pid };
  return {
    running: true,
    version: '1',
    pid,
    since,
    root: '/srv',
    listening: [],
    sessions: [],
    counts,
    ...more,
  };
}

it('is what the one process says where only one serves', () => {
  const one = status(7, '2026-01-01T00:00:00.000Z');
  expect(overall([one])).toBe(one);
  expect(overall([])).toBeNull();
});

it('adds up what several say, and keeps what each said, the oldest first', () => {
  const session = {
    id: 'a',
    account: 'alice',
    view: 'own',
    address: '::1',
    client: '',
    method: 'password',
  } as const;
  const sessions = [{ ...session, fingerprint: null, since: '2026-01-02T00:00:00.000Z' }];
  const late = status(2, '2026-01-02T00:00:00.000Z', { listening: ['a:1', 'a:2'], sessions, supervisor: 1 });
  const early = status(30, '2026-01-01T00:00:00.000Z', { listening: ['a:1'] });
  expect(overall([late, early])).toEqual({
    ...early,
    listening: ['a:1', 'a:2'],
    sessions,
    counts: { ...early.counts, connections: 2, bytesRead: 32 },
    processes: [early, late],
  });
});
