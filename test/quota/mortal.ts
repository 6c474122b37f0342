import { DelegatingHandle } from '../../src/vfs/delegating.js';
import type { UsageStore } from '../../src/store/usage.js';
import type { Handle, Listing, Vfs } from '../../src/vfs/vfs.js';

/**
 * What a process can do to the world: nothing any more once it is killed, nothing for now while it hangs. Each call
 * takes some turns of the event loop to get there, and its answer some turns to get back.
 */
export class Life {
  readonly #turns: () => number;
  readonly #resumed = new Set<() => void>();
  readonly #handles = new Set<Handle>();
  #state: 'runs' | 'hangs' | 'dead' = 'runs';
  #end: () => void = () => undefined;
  readonly ended = new Promise<void>((resolve) => (this.#end = resolve));

  /** @param turns how many turns of the event loop the next way takes */
  constructor(turns: () => number) {
    this.#turns = turns;
  }

  get dead(): boolean {
    return this.#state === 'dead';
  }

  /** The kernel closes what a dead process had open. */
  async kill(): Promise<void> {
    if (this.dead) return;
    this.#state = 'dead';
    this.#end();
    await Promise.all([...this.#handles].map((handle) => handle.close().catch(() => undefined)));
  }

  hang(): void {
    if (this.#state === 'runs') this.#state = 'hangs';
  }

  resume(): void {
    if (this.#state !== 'hangs') return;
    this.#state = 'runs';
    for (const resolve of this.#resumed) resolve();
    this.#resumed.clear();
  }

  async does<T>(work: () => Promise<T>): Promise<T> {
    await this.#way();
    const result = await work().then(
      (value) => ({ value }),
      (thrown: unknown) => ({ thrown }),
    );
    await this.#way();
    if ('thrown' in result) throw result.thrown;
    return result.value;
  }

  async #way(): Promise<void> {
    for (let turns = this.#turns(); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    while (this.#state === 'hangs') await new Promise<void>((resolve) => this.#resumed.add(resolve));
    if (this.dead) await new Promise(() => undefined);
  }

  vfs(inner: Vfs): Vfs {
    return mortal(inner, this, {
      open: async (path, options) =>
        this.#handle(await this.does(() => this.#opened(inner.open(path, options)))),
      list: async (path) => this.#listing(await this.does(() => inner.list(path))),
    });
  }

  async #opened(opening: Promise<Handle>): Promise<Handle> {
    const handle = await opening;
    this.#handles.add(handle);
    if (this.dead) await handle.close();
    return handle;
  }

  #handle(inner: Handle): Handle {
    return new MortalHandle(inner, this, () => this.#handles.delete(inner));
  }

  #listing(inner: Listing): Listing {
    return mortal(inner, this, {
      ...(inner.enter && {
        enter: async (name: string) => this.#listing(await this.does(() => inner.enter?.(name) ?? never())),
      }),
    });
  }

  /** @param ill whether it is in no state to take anything */
  usage(inner: UsageStore): UsageStore {
    return mortal(inner, this, {});
  }
}

function never(): never {
  throw new Error('cannot be entered');
}

/** All methods, each as the process gets to do it. */
function mortal<T extends object>(inner: T, life: Life, own: Partial<T>): T {
  return new Proxy(inner, {
    get: (target, name) => {
      if (name in own) return Reflect.get(own, name) as unknown;
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...argument: unknown[]) =>
        life.does(() => Reflect.apply(value, target, argument) as Promise<unknown>);
    },
  });
}

class MortalHandle extends DelegatingHandle {
  readonly #life: Life;
  readonly #closed: () => void;

  constructor(inner: Handle, life: Life, closed: () => void) {
    super(inner);
    this.#life = life;
    this.#closed = closed;
  }

  override write(...argument: Parameters<Handle['write']>) {
    return this.#life.does(() => super.write(...argument));
  }

  override read(...argument: Parameters<Handle['read']>) {
    return this.#life.does(() => super.read(...argument));
  }

  override set(...argument: Parameters<Handle['set']>) {
    return this.#life.does(() => super.set(...argument));
  }

  override stat() {
    return this.#life.does(() => super.stat());
  }

  override close() {
    return this.#life.does(async () => {
      this.#closed();
      await super.close();
    });
  }
}
