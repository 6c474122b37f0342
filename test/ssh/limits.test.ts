import { expect, test } from 'vitest';
import { PendingConnections, Rate, sourceOf } from '../../src/ssh/limits.js';
import { ManualTimers } from './manual-timers.js';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (address, source) => {
  expect(sourceOf(address)).toBe(source);
});

test('the table of sources holds those that are pending and nothing else', () => {
  const pending = new PendingConnections();
  const limits = { total: 100, perSource: 20 };
  for (let count = 0; count < 10_000; count++) {
    const source = `10.0.${count >> 8}.${count & 255}`;
    expect(pending.admit(source, limits)).toBe(null);
    pending.release(source);
  }
  expect([pending.total, pending.sources]).toEqual([0, 0]);
  for (let count = 0; count < 200; count++) pending.admit(`10.1.0.${count}`, limits);
  expect([pending.total, pending.sources]).toEqual([100, 100]);
  pending.release('never there');
  expect(pending.total).toBe(100);
});

test('a rate allows one second of burst and then its pace', () => {
  const timers = new ManualTimers();
  const rate = new Rate(10, timers);
  const taken = (): number => Array.from({ length: 100 }, () => rate.take()).filter(Boolean).length;
  expect(taken()).toBe(10);
  timers.pass(500);
  expect(taken()).toBe(5);
  timers.pass(60_000);
  expect(taken()).toBe(10);
});
