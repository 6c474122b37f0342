import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineOf, overLine, showLine, warnLine, type Line } from '../../src/quota/line.js';
import { parseSize } from '../../src/size.js';
import type { Home } from '../../src/store/accounts.js';

const home: Home = { id: 1, path: '/srv/a', bytesLimit: 'default', filesLimit: 'default' };
const defaults = { 'quota.bytes': 100_000_000, 'quota.files': 'none' };
const most = Number.MAX_SAFE_INTEGER;

function inBytes(shown: string | undefined): number {
  return parseSize(shown ?? '') ?? NaN;
}

describe('the line of a home', () => {
  it('follows the settings where the home has no limit of its own', () => {
    expect(lineOf(home, defaults)).toEqual({ bytes: 100_000_000, files: null });
    expect(lineOf(home, { 'quota.bytes': null, 'quota.files': '1000' })).toEqual({
      bytes: null,
      files: 1000,
    });
  });

  it("is the home's own where it has one, none and 0 too", () => {
    const settings = { 'quota.bytes': 5, 'quota.files': '7' };
    expect(lineOf({ ...home, bytesLimit: 0, filesLimit: 0 }, settings)).toEqual({ bytes: 0, files: 0 });
    expect(lineOf({ ...home, bytesLimit: null, filesLimit: null }, settings)).toEqual({
      bytes: null,
      files: null,
    });
    expect(lineOf({ ...home, bytesLimit: 3 }, settings)).toEqual({ bytes: 3, files: 7 });
  });

  it('is shown in words', () => {
    expect(showLine({ bytes: null, files: null })).toBe('no limit');
    expect(showLine({ bytes: 5_000_000, files: null })).toBe('5 MB');
    expect(showLine({ bytes: null, files: 1000 })).toBe('no limit, 1000 files');
  });
});

describe('the sentence at the line', () => {
  it.each([
    [99_200_000, 100_000_000, 4_100_000, '99.2 MB of 100 MB used, 4.1 MB more needed'],
    [100_000_000, 100_000_000, 1, '100 MB of 100 MB used, 1 B more needed'],
    [99_999_999, 100_000_000, 2, '100 MB of 100 MB used, 2 B more needed'],
    [99_240_000, 100_000_000, 790_000, '99.24 MB of 100 MB used, 790 KB more needed'],
    [999_999, 1_000_000, 2 ** 40, '1 MB of 1 MB used, 1.1 TB more needed'],
    [120_000_000, 100_000_000, 1, '120 MB of 100 MB used, 1 B more needed'],
    [0, 0, 1, '0 B of 0 B used, 1 B more needed'],
    [0, 1, most, '0 B of 1 B used, 9 PB more needed'],
  ])('says how much of the line is used and needed: %i of %i and %i', (used, limit, needed, sentence) => {
    const fault = overLine('bytes', { used, limit, needed });
    expect([fault.code, fault.message]).toEqual(['quota', `quota exceeded: ${sentence}`]);
  });

  it('counts files to the last one', () => {
    const fault = overLine('files', { used: 123_456, limit: 123_456, needed: 1 });
    expect(fault.code).toBe('quota');
    expect(fault.message).toBe('quota exceeded: 123456 of 123456 files used, 1 more needed');
  });

  it('never shows what would fit, nor more used than there is room, nor nothing needed', () => {
    const limits = fc.oneof(fc.integer({ min: 0, max: 10_000_000 }), fc.maxSafeNat());
    const cases = fc
      .tuple(limits, fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 100_000 }))
      .map(([limit, free, excess]) => {
        const used = Math.max(0, limit - free);
        return { limit, used, needed: Math.min(most, limit - used + excess) };
      })
      .filter(({ limit, used, needed }) => used + needed > limit);
    fc.assert(
      fc.property(cases, (figures) => {
        const { message } = overLine('bytes', figures);
        const [, used, limit, needed] =
          /^quota exceeded: (.*) of (.*) used, (.*) more needed$/.exec(message) ?? [];
        expect(inBytes(used) + inBytes(needed), message).toBeGreaterThan(inBytes(limit));
        expect(inBytes(used), message).toBeLessThanOrEqual(inBytes(limit));
        expect(inBytes(needed), message).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the sentence for a home that is nearly full', () => {
  const line: Line = { bytes: 100_000_000, files: 1000 };

  it.each([
    [93_000_000, 0, 'your home is 93 % full: 93 MB of 100 MB used'],
    [0, 950, 'your home is 95 % full: 950 of 1000 files used'],
    [90_000_000, 0, 'your home is 90 % full: 90 MB of 100 MB used'],
    [95_000_000, 940, 'your home is 95 % full: 95 MB of 100 MB used'],
    [94_000_000, 950, 'your home is 95 % full: 950 of 1000 files used'],
    [99_999_000, 0, 'your home is 99 % full: 99.999 MB of 100 MB used'],
    [100_000_000, 1000, 'your home is 100 % full: 100 MB of 100 MB used'],
    [125_000_000, 0, 'your home is 125 % full: 125 MB of 100 MB used'],
  ])('is about what is fuller: %i bytes, %i files', (bytes, files, sentence) => {
    expect(warnLine({ bytes, files }, line, 90)).toBe(sentence);
  });

  it('is not said below the setting, without a limit, or where the setting is 0', () => {
    expect(warnLine({ bytes: 89_999_999, files: 899 }, line, 90)).toBeNull();
    expect(warnLine({ bytes: most, files: most }, { bytes: null, files: null }, 90)).toBeNull();
    expect(warnLine({ bytes: most, files: 1 }, { bytes: null, files: 10 }, 90)).toBeNull();
    expect(warnLine({ bytes: most, files: 1000 }, line, 0)).toBeNull();
  });

  it('takes a home that may hold nothing for full', () => {
    expect(warnLine({ bytes: 0, files: 3 }, { bytes: 0, files: null }, 90)).toBe(
      'your home is 100 % full: 0 B of 0 B used',
    );
    expect(warnLine({ bytes: 7, files: 0 }, { bytes: 0, files: null }, 90)).toBe(
      'your home is 100 % full: 7 B of 0 B used',
    );
  });
});
