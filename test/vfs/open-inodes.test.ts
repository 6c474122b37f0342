import { expect, test } from 'vitest';
import { OpenInodes } from '../../src/vfs/open-inodes.js';

const seen = { dev: 1, ino: 2, size: 10, nlink: 1 };
const never = (): Promise<number> => Promise.reject(new Error('not asked'));

test('handles of one inode share its size; it is forgotten with the last', () => {
  const inodes = new OpenInodes();
  const one = inodes.enter(seen, inodes.beginning(), never);
  const other = inodes.enter({ ...seen, size: 0 }, inodes.beginning(), never);
  expect(other).toBe(one);
  expect(one.grewTo(15)).toEqual({ bytesBefore: 10, bytesAfter: 15 });
  expect(one.grewTo(3)).toEqual({ bytesBefore: 15, bytesAfter: 15 });
  expect(one.becomes(3)).toEqual({ bytesBefore: 15, bytesAfter: 3 });
  one.leave();
  expect(inodes.size).toBe(1);
  other.leave();
  expect(inodes.size).toBe(0);
});

test('what was opened before another handle wrote and closed is measured again', async () => {
  const inodes = new OpenInodes();
  const begun = inodes.beginning();
  const quick = inodes.enter(seen, inodes.beginning(), never);
  quick.grewTo(100);
  quick.leave();
  const late = inodes.enter(seen, begun, () => Promise.resolve(100));
  const change = await late.turns.together(() => Promise.resolve(late.grewTo(0)));
  expect(change).toEqual({ bytesBefore: 100, bytesAfter: 100 });
});

test('names that come and go are noted on open inodes, replaced ones too', () => {
  const inodes = new OpenInodes();
  const open = inodes.enter(seen, inodes.beginning(), never);
  const change = {
    dev: 1,
    ino: 3,
    kind: 'file',
    created: false,
    bytesBefore: 0,
    bytesAfter: 0,
    linksLeft: 1,
  } as const;
  inodes.noted({ ...change, replaced: { ...change, ino: 2, linksLeft: 0 } });
  expect(open.links).toBe(0);
});
