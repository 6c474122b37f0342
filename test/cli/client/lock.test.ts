import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { takeLock, type LockSurroundings } from '../../../src/cli/client/lock.js';

const day = 86_400_000;

function freshPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'plim-lock-')), 'lock');
}

/** A machine with some living processes. */
function machine(
  pid: number,
  living: readonly number[],
  more: Partial<LockSurroundings> = {},
): LockSurroundings {
  return {
    pid,
    host: 'here',
    now: () => 10 * day,
    booted: () => 5 * day,
    alive: (one) => living.includes(one),
    ...more,
  };
}

it('is held by one at a time, and let go', () => {
  const path = freshPath();
  const lock = takeLock(path, machine(1, [1, 2]));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const second = (): unknown => takeLock(path, machine(2, [1, 2]));
  expect(second).toThrow(`another plim holds ${path}: process 1 on here, since 1970-01-11T00:00:00.000Z`);
  expect(second).toThrow(expect.objectContaining({ code: 'busy' }) as Error);
  lock.release();
  expect(existsSync(path)).toBe(false);
  takeLock(path, machine(2, [2])).release();
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

it('is taken over from a dead process of this machine, and the dead one cannot let it go any more', () => {
  const path = freshPath();
  const dead = takeLock(path, machine(1, [1]));
  const lock = takeLock(path, machine(2, [2]));
  expect(readFileSync(path, 'utf8')).toContain('"pid":2');
  dead.release();
  expect(existsSync(path)).toBe(true);
  lock.release();
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

it('is taken over when the machine was started anew since, though the number is alive again', () => {
  const path = freshPath();
  takeLock(path, machine(1, [1], { now: () => 4 * day }));
  takeLock(path, machine(2, [1, 2])).release();
  expect(existsSync(path)).toBe(false);
});

it.each([
  ['of another machine', JSON.stringify({ pid: 9, host: 'there', since: 1, id: crypto.randomUUID() })],
  ['that is not ours', 'something else'],
  ['that is empty', ''],
  [
    'whose name for itself is a path',
    JSON.stringify({ pid: 9, host: 'here', since: 9 * day, id: '../../x' }),
  ],
])('leaves a file alone %s', (_what, text) => {
  const path = freshPath();
  writeFileSync(path, text);
  expect(() => takeLock(path, machine(1, [1]))).toThrow(path);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

it('is not taken twice by two who find the same dead one', () => {
  const path = freshPath();
  takeLock(path, machine(1, [1]));
  let inner: unknown;
  // The other one comes in between: when this one has judged the first dead, and not yet removed it.
  const alive = (pid: number): boolean => {
    if (pid === 1 && inner === undefined) {
      inner = null;
      inner = takeLock(path, machine(3, [2, 3]));
    }
    return pid === 2 || pid === 3;
  };
  expect(() => takeLock(path, machine(2, [], { alive }))).toThrow('process 3');
  expect(readFileSync(path, 'utf8')).toContain('"pid":3');
});

it('says why it cannot be made', () => {
  expect(() => takeLock('/nowhere/at/all', machine(1, [1]))).toThrow(
    'the lock /nowhere/at/all cannot be made',
  );
});
