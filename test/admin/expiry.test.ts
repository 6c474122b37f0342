import { expect, it } from 'vitest';
import { parseExpiry } from '../../src/admin/expiry.js';

it.each([
  ['2027-01-31', '2027-01-31T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2027-01-31T18:00Z', '2027-01-31T18:00:00.000Z'],
  ['2027-01-31T18:00:05+02:00', '2027-01-31T16:00:05.000Z'],
])('reads %s as %s', (text, iso) => {
  expect(parseExpiry(text)?.toISOString()).toBe(iso);
});

it('reads never as no expiry', () => {
  expect(parseExpiry('never')).toBeNull();
});

it.each([
  '',
  '2027',
  '31.1.2027',
  '2027-02-29',
  '2027-13-01',
  '2027-00-10',
  '2027-01-31T18:00',
  '2027-01-31T25:00Z',
  '1',
  'Jan 1 2027',
])('refuses %j', (text) => {
  expect(() => parseExpiry(text)).toThrow('is not a date: write 2027-01-31');
});
