import type { TransferResult, TransferSubject, TransferWatcher } from '../../../client/transfer.js';
import { Fault, type FaultCode } from '../../../fault.js';
import type { ClientPrinter } from '../client-printer.js';
import type { Place } from '../command.js';
import type { Progress } from '../progress/bars.js';
import { failure, resultDocument, resultLines, shownSource } from './report.js';

/** What ends a run of several: told once, when it is over. */
export const endsAll: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'cancelled',
  'no-connection',
  'timed-out',
  'login-refused',
  'wrong-host-key',
]);

export interface TransferLogOptions {
  readonly printer: ClientPrinter;
  readonly place: Place;
  readonly progress: Progress;
  /** Of one file alone, how it failed is told by who called. */
  readonly alone: boolean;
}

/** Prints how each file ended as soon as that is known, and counts what arrived. */
export class TransferLog implements TransferWatcher {
  readonly #options: TransferLogOptions;
  /** Bytes at the other side, of each file that is under way. */
  readonly #underWay = new Map<string, number>();
  #there = 0;
  #total: number | null = null;

  constructor(options: TransferLogOptions) {
    this.#options = options;
  }

  /** Of all files, what was there before included. */
  get received(): { readonly there: number; readonly total: number | null } {
    return { there: this.#there, total: this.#total };
  }

  readonly total = (bytes: number, files: number): void => {
    this.#total = bytes;
    this.#options.progress.total?.(bytes, files);
  };

  readonly begin = (
    subject: TransferSubject,
    size: { readonly from: number; readonly total: number | null },
  ): void => {
    this.#reached(subject, size.from);
    this.#options.progress.begin?.(subject, size);
  };

  readonly moved = (subject: TransferSubject, bytes: number): void => {
    this.#reached(subject, (this.#underWay.get(keyOf(subject)) ?? 0) + bytes);
    this.#options.progress.moved?.(subject, bytes);
  };

  readonly note = (subject: TransferSubject, sentence: string): void => {
    const { progress, place } = this.#options;
    progress.note?.(subject, `${shownSource(subject, place)}: ${sentence}`);
  };

  readonly end = (subject: TransferSubject, ended: TransferResult | Fault): void => {
    const { progress, printer, place, alone } = this.#options;
    progress.end?.(subject, ended);
    if (!(ended instanceof Fault)) {
      this.#reached(subject, ended.size);
      printer.result(resultDocument(ended, subject), resultLines(ended, subject, place));
    } else if (!alone && !endsAll.has(ended.code)) {
      printer.fault(failure(subject, ended, place));
    }
    this.#underWay.delete(keyOf(subject));
  };

  #reached(subject: TransferSubject, bytes: number): void {
    const key = keyOf(subject);
    this.#there += bytes - (this.#underWay.get(key) ?? 0);
    this.#underWay.set(key, bytes);
  }
}

function keyOf({ remote, local }: TransferSubject): string {
  return `${remote}\0${local}`;
}
