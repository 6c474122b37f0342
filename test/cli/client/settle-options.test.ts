import { expect, it } from 'vitest';
import type { GivenOptions } from '../../../src/cli/client/arguments.js';
import { settleOptions } from '../../../src/cli/client/settle-options.js';

it('has its defaults', () => {
  expect(settleOptions({}, true)).toEqual({
    globals: {
      json: false,
      quiet: false,
      codes: false,
      verbosity: 0,
      progress: 'bar',
      retries: 3,
      timeout: 30_000,
      limit: null,
      jobs: 4,
      verify: { algorithm: 'md5', explicit: false },
      collision: null,
      mismatch: null,
    },
    program: { log: null, logLevel: 'info', lock: null, terse: false },
  });
});

it.each<[GivenOptions, object]>([
  [{ limit: '5MB/s' }, { limit: 5_000_000 }],
  [{ limit: 'none' }, { limit: null }],
  [{ bandwidth: '100' }, { limit: 12_800 }],
  [{ timeout: '1.5' }, { timeout: 1500 }],
  [{ retries: '0' }, { retries: 0 }],
  [{ jobs: '64' }, { jobs: 64 }],
  [{ verify: 'SHA256' }, { verify: { algorithm: 'sha256', explicit: true } }],
  [{ verify: 'md5' }, { verify: { algorithm: 'md5', explicit: true } }],
  [{ verify: 'none' }, { verify: null }],
  [
    { collision: 'rename', onMismatch: 'restart' },
    { collision: 'rename', mismatch: 'restart' },
  ],
])('reads %j', (given, expected) => {
  expect(settleOptions(given, true).globals).toMatchObject(expected);
});

it('shows a bar to people only, and lines to whoever asks for them', () => {
  const progress = (given: GivenOptions, shows: boolean) => settleOptions(given, shows).globals.progress;
  expect(progress({}, false)).toBe('none');
  expect(progress({ progress: 'bar' }, false)).toBe('none');
  expect(progress({ progress: 'plain' }, false)).toBe('plain');
  for (const calm of [{ quiet: true }, { terse: true }, { json: true }])
    expect(progress(calm, true)).toBe('none');
  expect(progress({ progress: 'bar', terse: true }, true)).toBe('bar');
});

it.each<[GivenOptions, string]>([
  [{ retries: '-1' }, '--retries takes a whole number from 0'],
  [{ jobs: '0' }, '--jobs takes a whole number from 1 to 64'],
  [{ timeout: '0' }, '--timeout takes seconds'],
  [{ timeout: 'soon' }, '--timeout takes seconds'],
  [{ limit: '0' }, '--limit takes bytes a second'],
  [{ limit: 'fast' }, 'is not a size'],
  [{ bandwidth: '0' }, '-l takes a whole number'],
  [{ limit: '1MB', bandwidth: '1' }, 'give one of them'],
  [{ verify: 'crc32' }, '--verify takes md5, sha256 or none'],
  [{ progress: 'dots' }, '--progress takes bar, plain or none'],
  [{ onMismatch: 'resume' }, '--on-mismatch takes restart or fail'],
  [{ logLevel: 'loud\u001b' }, "--log-level takes error, warn, info or debug, not 'loud\\x1b'"],
])('refuses %j', (given, sentence) => {
  expect(() => settleOptions(given, true)).toThrow(sentence);
});
