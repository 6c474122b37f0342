import { Fault, toFault } from '../fault.js';
import type { Change } from './vfs.js';

/**
 * A request that failed after it had changed a size: a write that met a full disk half way, a size that was set and
 * the owner refused. Whoever keeps books needs `change`; to all others it is the fault that came.
 */
export class PartialFault extends Fault {
  readonly change: Change;

  constructor(thrown: unknown, change: Change) {
    const { code, message, cause } = toFault(thrown);
    super(code, message, { cause });
    this.change = change;
  }
}
