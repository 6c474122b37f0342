import { Fault } from '../fault.js';
import { formatSize } from '../size.js';
import type { TransferSubject } from './transfer.js';

/** A transfer that stopped before its end, and can be gone on with where bytes are there. */
export class StoppedTransfer extends Fault {
  readonly subject: TransferSubject;
  /** Bytes that the other side has, without a gap. */
  readonly there: number;
  /** Bytes of the source; `null` where unknown. */
  readonly total: number | null;
  /** Whether `resume` can go on from there: not so where the source cannot be read a second time. */
  readonly resumable: boolean;

  constructor(
    why: Fault,
    subject: TransferSubject,
    state: { readonly there: number; readonly total: number | null; readonly resumable: boolean },
  ) {
    super(why.code, `${why.message}; received ${formatPart(state.there, state.total)}`, { cause: why });
    this.subject = subject;
    this.there = state.there;
    this.total = state.total;
    this.resumable = state.resumable && state.there > 0;
  }
}

/** `18.8 of 20 GB`; `750 KB of 20 GB` where the units differ, and only what is there where the whole is not known. */
export function formatPart(there: number, total: number | null): string {
  const part = formatSize(there);
  if (total === null) return part;
  const whole = formatSize(total);
  const [number = '', unit] = part.split(' ');
  return unit === whole.split(' ')[1] ? `${number} of ${whole}` : `${part} of ${whole}`;
}
