import { expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { Holding } from '../../src/quota/holding.js';
import type { Report } from '../../src/quota/messages.js';
import type { OwnerPort } from '../../src/quota/owner-port.js';
import { memoryVfs } from '../../src/vfs/memory.js';

const refuse = (): Promise<never> => Promise.reject(new Fault('unsupported'));

/** An owner that gives a claim with each file, and a lease once somebody says so. */
class LateOwner implements OwnerPort {
  readonly gone = false;
  readonly leases: { readonly bytes: number; grant(bytes: number): void }[] = [];
  readonly claim = refuse;
  readonly leave = refuse;
  readonly closed = refuse;
  readonly change = refuse;
  readonly create = refuse;
  readonly usage = refuse;
  readonly scan = refuse;
  readonly release = (): void => undefined;
  readonly end = (): void => undefined;

  enter(): ReturnType<OwnerPort['enter']> {
    return Promise.resolve({ claimed: true, size: 0, look: false });
  }

  lease(bytes: number, _report: Report, granted: (bytes: number) => void): Promise<void> {
    return new Promise((resolve) => {
      const grant = (lent: number): void => {
        granted(lent);
        resolve();
      };
      this.leases.push({ bytes, grant });
    });
  }
}

it('writes nothing on a lease whose news arrives after another owner was told what is held here [L1, L6]', async () => {
  const [dead, next] = [new LateOwner(), new LateOwner()];
  const owners = [dead, next];
  const holding = new Holding({
    self: 'a',
    connect: async (_holder, { look, held }) => {
      await look();
      held();
      return owners.shift() ?? next;
    },
    version: () => 0,
    now: () => 0,
  });
  const handle = await memoryVfs().open('/f', { write: true, create: true });
  const file = await holding.enter(handle, true, holding.moment());
  if (!file) throw new Error('it was not entered');
  const growing = holding.grow(file, 10, holding.keep());
  await expect.poll(() => dead.leases).toHaveLength(1);

  holding.lost(null);
  await holding.connect();
  dead.leases[0]?.grant(1000);
  await expect.poll(() => next.leases).toHaveLength(1);
  expect(file.size).toBe(0);

  next.leases[0]?.grant(15);
  expect(await growing).toBe(0);
  expect(file.size).toBe(10);
  expect(holding.tell(true)).toEqual({ sizes: [[file.inode, 0, 10]], returned: 5 });
});
