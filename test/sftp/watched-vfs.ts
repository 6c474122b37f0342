import { memoryVfs } from '../../src/vfs/memory.js';
import type { Handle, Listing, Vfs } from '../../src/vfs/vfs.js';

export interface WatchOptions {
  readonly inner?: Vfs;
  /** Awaited before each call: a slow or stalled disk, or one that fails. */
  readonly before?: (call: string) => Promise<void> | undefined;
}

/** A filesystem that a test slows down, and that knows what is open. */
export interface WatchedVfs {
  readonly vfs: Vfs;
  /** Files and listings that were opened and not yet closed. */
  readonly open: ReadonlySet<Handle | Listing>;
  /** What the files were closed with, in that order. */
  readonly endings: unknown[];
  /** Names of the calls in the order they began. */
  readonly calls: string[];
}

export function watchedVfs({ inner = memoryVfs(), before = () => undefined }: WatchOptions = {}): WatchedVfs {
  const open = new Set<Handle | Listing>();
  const endings: unknown[] = [];
  const calls: string[] = [];

  /** Every method waits for `before`, and then for `after`, which may put another value in place of its result. */
  function watched<T extends object>(
    target: T,
    after: (name: string, result: unknown, argument: unknown) => unknown,
  ): T {
    return new Proxy(target, {
      get: (_target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const name = String(key);
        return async (...args: unknown[]) => {
          calls.push(name);
          await before(name);
          return after(name, await Reflect.apply(value, target, args), args[0]);
        };
      },
    });
  }

  function opened<T extends Handle | Listing>(one: T): T {
    open.add(one);
    return watched(one, (name, result, ending) => {
      if (name === 'close') {
        open.delete(one);
        if ('write' in one) endings.push(ending);
      }
      return result;
    });
  }

  const vfs = watched(inner, (name, result) =>
    name === 'open' || name === 'list' ? opened(result as Handle | Listing) : result,
  );
  return { vfs, open, endings, calls };
}

/** A point that tasks wait at until the test lets them go on. */
export class Barrier {
  readonly #waiting: (() => void)[] = [];
  #raised = true;

  /** For `before`: the calls of these names wait here. */
  at(...names: readonly string[]): (call: string) => Promise<void> | undefined {
    return (call) => (names.includes(call) ? this.wait() : undefined);
  }

  wait(): Promise<void> | undefined {
    return this.#raised ? new Promise((resolve) => this.#waiting.push(resolve)) : undefined;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  lift(): void {
    this.#raised = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
