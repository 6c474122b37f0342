import { DelegatingVfs } from '../vfs/delegating.js';
import type { Vfs } from '../vfs/vfs.js';

/** A filesystem that tells when it was closed. */
export class TellingClose extends DelegatingVfs {
  readonly #closed: () => void;

  constructor(inner: Vfs, closed: () => void) {
    super(inner);
    this.#closed = closed;
  }

  override close(): Promise<void> {
    return super.close().finally(this.#closed);
  }
}
