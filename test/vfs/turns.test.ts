import { expect, test } from 'vitest';
import { Turns } from '../../src/vfs/turns.js';

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

test('many together, one alone, nobody overtakes who waits to be alone', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const first = gate();
  const work = (name: string, until: Promise<void>) => async () => {
    log.push(`${name} begins`);
    await until;
    log.push(`${name} ends`);
  };
  const all = [
    turns.together(work('a', first.opened)),
    turns.together(work('b', first.opened)),
    turns.alone(work('c', Promise.resolve())),
    turns.together(work('d', Promise.resolve())),
  ];
  expect(log).toEqual(['a begins', 'b begins']);
  first.open();
  await Promise.all(all);
  expect(log.slice(2, 4).sort()).toEqual(['a ends', 'b ends']);
  expect(log.slice(4)).toEqual(['c begins', 'c ends', 'd begins', 'd ends']);
});

test('work that fails gives its turn back', async () => {
  const turns = new Turns();
  await expect(turns.alone(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(turns.alone(() => Promise.resolve(1))).resolves.toBe(1);
});
