import { expect, test } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { Fault } from '../../src/fault.js';
import { diskFault } from '../../src/vfs/errno.js';

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (thrown) {
    return thrown;
  }
}

test('J2: what the host says becomes a fault without its path, which stays in the cause', () => {
  const original = thrownBy(() => readdirSync('/nowhere/secret'));
  const fault = diskFault(original);
  expect(fault).toMatchObject({ code: 'not-found', cause: original });
  expect(fault.message).not.toContain('secret');
  expect(diskFault(thrownBy(() => readFileSync('/etc'))).code).toBe('is-a-folder');
});

test('an unknown error is a failure with its cause; a fault stays what it is', () => {
  const strange = Object.assign(new Error('ESTRANGE: /secret'), { code: 'ESTRANGE' });
  expect(diskFault(strange)).toMatchObject({ code: 'failure', message: 'failure', cause: strange });
  expect(diskFault('text').code).toBe('failure');
  const fault = new Fault('quota');
  expect(diskFault(fault)).toBe(fault);
});
