import { afterEach, beforeEach, expect } from 'vitest';
import type { ByteString } from '../../src/names.js';
import type { Change, Handle, OpenOptions, Vfs } from '../../src/vfs/vfs.js';

export interface VfsUnderTest {
  readonly vfs: Vfs;
  /** Where in it the tests may work: empty, or a prefix like `/homes/alice`. Absolute symlinks count from there. */
  readonly prefix: ByteString;
  readonly close: () => Promise<void>;
}

/** The short words that the contract's tests are written in, on a fresh filesystem for each test. */
export class VfsWork {
  #under: VfsUnderTest | null = null;

  constructor(make: () => Promise<VfsUnderTest>) {
    beforeEach(async () => {
      this.#under = await make();
    });
    afterEach(() => this.#under?.close());
  }

  get vfs(): Vfs {
    if (!this.#under) throw new Error('only inside a test');
    return this.#under.vfs;
  }

  get prefix(): ByteString {
    return this.#under?.prefix ?? '';
  }

  readonly at = (path: string): ByteString => `${this.prefix}${path}`;

  readonly using = async <T>(
    path: string,
    options: OpenOptions,
    use: (handle: Handle) => Promise<T>,
  ): Promise<T> => {
    const handle = await this.vfs.open(this.at(path), options);
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  };

  readonly put = (path: string, text: string): Promise<Change> =>
    this.using(path, { write: true, create: true, truncate: true }, (handle) =>
      handle.write([Buffer.from(text)], 0),
    );

  readonly get = (path: string): Promise<string> =>
    this.using(path, { read: true }, async (handle) => {
      const into = Buffer.alloc(1000);
      return into.toString('utf8', 0, await handle.read(into, 0));
    });

  readonly names = async (path: string, count = 100): Promise<string[]> => {
    const listing = await this.vfs.list(this.at(path));
    const all: string[] = [];
    for (;;) {
      const entries = await listing.next(count);
      if (entries.length === 0) break;
      expect(entries.length).toBeLessThanOrEqual(count);
      all.push(...entries.map((entry) => entry.name));
    }
    await listing.close();
    return all.sort();
  };

  readonly exists = (path: string): Promise<boolean> =>
    this.vfs.stat(this.at(path), { follow: false }).then(
      () => true,
      (thrown: unknown) => {
        expect(thrown).toMatchObject({ code: 'not-found' });
        return false;
      },
    );
}
