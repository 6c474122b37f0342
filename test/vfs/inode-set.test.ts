import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InodeSet } from '../../src/vfs/inode-set.js';

const inode = fc.oneof(fc.nat(100), fc.nat(), fc.maxSafeNat(), fc.constantFrom(2 ** 53 - 1, 2 ** 63, 31, 32));

test('is a set of numbers', () => {
  fc.assert(
    fc.property(fc.array(inode, { maxLength: 500 }), fc.array(inode), (added, asked) => {
      const set = new InodeSet();
      const model = new Set<number>();
      for (const one of added) {
        expect(set.add(one)).toBe(!model.has(one));
        model.add(one);
      }
      for (const one of [...added, ...asked]) expect(set.has(one)).toBe(model.has(one));
    }),
  );
});

test('numbers that differ in their upper half alone are as fast as others', () => {
  const set = new InodeSet();
  const began = process.cpuUsage().user;
  for (let index = 0; index < 200_000; index++) set.add(index * 2 ** 32);
  expect(process.cpuUsage().user - began).toBeLessThan(2_000_000);
  expect(set.has(7 * 2 ** 32)).toBe(true);
  expect(set.has(7 * 2 ** 32 + 1)).toBe(false);
});
