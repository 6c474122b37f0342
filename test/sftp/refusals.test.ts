import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { Refusals } from '../../src/sftp/refusals.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('sentences of refusals', () => {
  it('are told once for each kind and subject, of any length', () => {
    const told: string[] = [];
    const refusals = new Refusals((text) => told.push(text));
    const long = 'x'.repeat(60_000);
    for (const subject of ['/a', `${long}1`, `${long}2`, '/a', `${long}1`, `${long}2`]) {
      refusals.tell(new Fault('denied', subject.slice(-1)), subject);
    }
    refusals.tell(new Fault('quota', 'full'), '/a');
    refusals.tell(new Fault('not-found', 'never'), '/b');
    expect(told).toEqual(['a', '1', '2', 'full']);
  });

  it('cost a session little, however long the paths are', () => {
    const refusals = new Refusals(() => undefined);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 200; index++) {
      refusals.tell(new Fault('denied', ''), Buffer.alloc(65_000, index).toString('latin1') + String(index));
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 << 20);
    // It is still used, and so was not collected itself.
    refusals.tell(new Fault('denied', ''), '/');
  });
});
