import { expect, test } from 'vitest';
import { OpenInodes } from '../../src/vfs/open-inodes.js';

const seen = { dev: 1, ino: 2, size: 10, nlink: 1 };
const home = 'home';
const never = (): Promise<never> => Promise.reject(new Error('not asked'));

test('handles of one inode share its size; it is forgotten with the last', () => {
  const inodes = new OpenInodes();
  const one = inodes.enter(home, seen, inodes.beginning(), never);
  const other = inodes.enter(home, { ...seen, size: 0 }, inodes.beginning(), never);
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
  const quick = inodes.enter(home, seen, inodes.beginning(), never);
  quick.grewTo(100);
  quick.leave();
  const late = inodes.enter(home, seen, begun, () => Promise.resolve({ size: 100, nlink: 1 }));
  const change = await late.turns.together(() => Promise.resolve(late.grewTo(0)));
  expect(change).toEqual({ bytesBefore: 100, bytesAfter: 100 });
});

test('names that come and go are noted on open inodes, replaced ones too', () => {
  const inodes = new OpenInodes();
  const open = inodes.enter(home, seen, inodes.beginning(), never);
  const change = {
    dev: 1,
    ino: 3,
    kind: 'file',
    created: false,
    bytesBefore: 0,
    bytesAfter: 0,
    linksLeft: 1,
  } as const;
  inodes.noted(home, { ...change, replaced: { ...change, ino: 2, linksLeft: 0 } });
  expect(open.links).toBe(0);
});

const removed = {
  dev: 1,
  ino: 2,
  kind: 'file',
  created: false,
  bytesBefore: 10,
  bytesAfter: 10,
  linksLeft: 0,
} as const;

test('a name that went while its file was being opened is seen, whichever news comes first', async () => {
  const inodes = new OpenInodes();
  const begun = inodes.beginning();
  inodes.noted(home, removed);
  const open = inodes.enter(home, seen, begun, () => Promise.resolve({ size: 10, nlink: 0 }));
  await open.turns.together(() => Promise.resolve());
  expect(open.links).toBe(0);
});

test('a name that goes while an inode is measured again is not brought back by an older look', async () => {
  const inodes = new OpenInodes();
  const begun = inodes.beginning();
  inodes.noted(home, { ...removed, linksLeft: 1 });
  const open = inodes.enter(home, { ...seen, nlink: 2 }, begun, () => {
    inodes.noted(home, removed);
    return Promise.resolve({ size: 10, nlink: 1 });
  });
  await open.turns.together(() => Promise.resolve());
  expect(open.links).toBe(0);
});

test('of an open inode a change of names tells the size as its changes have told it so far', () => {
  const inodes = new OpenInodes();
  const open = inodes.enter(home, seen, inodes.beginning(), never);
  open.grewTo(15);
  const early = { ...removed, bytesBefore: 99, bytesAfter: 99 };
  expect(inodes.sized(home, early)).toMatchObject({ bytesBefore: 15, bytesAfter: 15 });
  expect(inodes.noted(home, { ...early, ino: 3, replaced: early }).replaced).toMatchObject({
    bytesAfter: 15,
  });
});

test("late news of another home does not meet the file that has got the inode's number since", () => {
  const inodes = new OpenInodes();
  const open = inodes.enter(home, { ...seen, size: 0 }, inodes.beginning(), never);
  expect(inodes.noted('another home', removed)).toEqual(removed);
  expect(open.links).toBe(1);
});
