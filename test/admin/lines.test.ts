import { expect, it } from 'vitest';
import { parseBytesLimit, parseFilesLimit } from '../../src/admin/lines.js';

it('reads sizes, none and default', () => {
  expect(parseBytesLimit('5MiB')).toBe(5 * 2 ** 20);
  expect(parseBytesLimit('0')).toBe(0);
  expect(parseBytesLimit('none')).toBeNull();
  expect(parseBytesLimit('default')).toBe('default');
  expect(() => parseBytesLimit('-1')).toThrow("'-1' is not a size");
});

it('reads numbers of files, none and default', () => {
  expect(parseFilesLimit('1000')).toBe(1000);
  expect(parseFilesLimit('none')).toBeNull();
  expect(parseFilesLimit('default')).toBe('default');
  for (const wrong of ['', '-1', '1.5', '1e3', '9'.repeat(16), '10 files']) {
    expect(() => parseFilesLimit(wrong), wrong).toThrow('is not a number of files');
  }
});
