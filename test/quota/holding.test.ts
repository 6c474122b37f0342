import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { Holding } from '../../src/quota/holding.js';
import type { Entered, Report } from '../../src/quota/messages.js';
import type { OwnerPort } from '../../src/quota/owner-port.js';
import { memoryVfs } from '../../src/vfs/memory.js';

const refuse = (): Promise<never> => Promise.reject(new Fault('unsupported'));

/** An owner that answers for a file at once, unless told otherwise, and for claims and leases once somebody says so. */
class LateOwner implements OwnerPort {
  readonly gone = false;
  entered: Promise<Entered> = Promise.resolve({ claimed: false, size: 0, look: false });
  readonly claims: ((size: number) => void)[] = [];
  readonly leases: { readonly bytes: number; grant(bytes: number): void }[] = [];
  readonly leave = refuse;
  readonly closed = refuse;
  readonly change = refuse;
  readonly create = refuse;
  readonly usage = refuse;
  readonly scan = refuse;
  readonly release = (): void => undefined;
  readonly end = (): void => undefined;

  enter(): Promise<Entered> {
    return this.entered;
  }

  claim(): Promise<number> {
    return new Promise((resolve) => this.claims.push(resolve));
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

/** What a process holds of a home with one file, whose first owner dies. */
async function held() {
  const [dead, next] = [new LateOwner(), new LateOwner()];
  const owners = [dead, next];
  const holding = new Holding({
    self: 'a',
    connect: async (_holder, { look, held: tell }) => {
      await look();
      tell();
      return owners.shift() ?? next;
    },
    version: () => 0,
    now: () => 0,
  });
  await holding.connect();
  const handle = await memoryVfs().open('/f', { write: true, create: true });
  const enter = () => holding.enter(handle, true, holding.moment());
  const succeed = (): Promise<void> => {
    holding.lost(null);
    return holding.connect();
  };
  return { dead, next, holding, enter, succeed };
}

describe('once another owner was told what is held here [L1, L6]', () => {
  it('nothing is written on a lease of the one before whose news arrives only then', async () => {
    const { dead, next, holding, enter, succeed } = await held();
    const file = await enter();
    if (!file) throw new Error('it was not entered');
    const growing = holding.grow(file, 10, holding.keep());
    await expect.poll(() => dead.leases).toHaveLength(1);

    await succeed();
    dead.leases[0]?.grant(1000);
    await expect.poll(() => next.leases).toHaveLength(1);
    expect(file.size).toBe(0);

    next.leases[0]?.grant(15);
    expect(await growing).toBe(0);
    expect(file.size).toBe(10);
    expect(holding.tell(true)).toEqual({ sizes: [[file.inode, 0, 10]], returned: 5 });
  });

  it('a claim of the one before gives no right to write: the file is looked at again', async () => {
    const { dead, enter, holding, succeed } = await held();
    const file = await enter();
    if (!file) throw new Error('it was not entered');
    const claiming = holding.claim(file);
    await expect.poll(() => dead.claims).toHaveLength(1);
    await succeed();
    dead.claims[0]?.(100);
    expect(await claiming).toBeNull();
    expect(file).toMatchObject({ claimed: false, size: 0, looked: false });
  });

  it('a file that the one before let in with its claim comes without it', async () => {
    const { dead, enter, succeed } = await held();
    let letIn: (entered: Entered) => void = () => undefined;
    dead.entered = new Promise((resolve) => (letIn = resolve));
    const entering = enter();
    await Promise.resolve();
    await succeed();
    letIn({ claimed: true, size: 100, look: false });
    expect(await entering).toMatchObject({ claimed: false, size: 0 });
  });
});
