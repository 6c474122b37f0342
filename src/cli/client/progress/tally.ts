import type { TransferResult, TransferSubject } from '../../../client/transfer.js';
import { toText, type ByteString } from '../../../names.js';
import { Rate } from './rate.js';
import type { Shown } from './layout.js';

/** A file under way. */
export interface FileTally {
  readonly name: string;
  done: number;
  total: number | null;
  readonly rate: Rate;
}

/** Counts what a command's transfers have done: each file under way, and all of them as one. */
export class Tally {
  /** In the order in which they began. */
  readonly #files = new Map<string, FileTally>();
  readonly #now: () => number;
  /** What was said before the first byte. */
  #announced: { readonly bytes: number; readonly files: number } | null = null;
  readonly #overall: Rate;
  #endedBytes = 0;
  #endedFiles = 0;
  #begun = false;
  /** `moved` comes for each block, nearly always of the same file. */
  #last: { readonly subject: TransferSubject; readonly file: FileTally } | null = null;

  constructor(now: () => number) {
    this.#now = now;
    this.#overall = new Rate(now);
  }

  get underWay(): readonly FileTally[] {
    return [...this.#files.values()];
  }

  /** Whether several are to be shown as one. */
  get many(): boolean {
    return this.#announced !== null || this.#files.size > 1;
  }

  /** Whether there was anything to show. */
  get begun(): boolean {
    return this.#begun;
  }

  announce(bytes: number, files: number): void {
    this.#announced = { bytes, files };
  }

  /** A file that begins again keeps its rate, and counts from where it is now. */
  begin(subject: TransferSubject, from: number, total: number | null): void {
    const key = keyOf(subject);
    const again = this.#files.get(key);
    const file = again ?? { name: nameOf(subject), done: from, total, rate: new Rate(this.#now) };
    file.done = from;
    file.total = total;
    this.#files.set(key, file);
    this.#begun = true;
    this.#last = { subject, file };
  }

  moved(subject: TransferSubject, bytes: number): void {
    const file = this.#last?.subject === subject ? this.#last.file : this.#files.get(keyOf(subject));
    if (!file) return;
    this.#last = { subject, file };
    file.done += bytes;
    file.rate.moved(bytes);
    this.#overall.moved(bytes);
  }

  /** Gives the file as it was left, where it had begun. */
  end(subject: TransferSubject, result: Pick<TransferResult, 'size'> | null): FileTally | null {
    const key = keyOf(subject);
    const file = this.#files.get(key) ?? null;
    this.#files.delete(key);
    this.#last = null;
    if (file && result) file.done = file.total = result.size;
    this.#endedBytes += result?.size ?? file?.done ?? 0;
    if (result) this.#endedFiles++;
    return file;
  }

  /** All as one line; `over` once nothing more is to come. */
  sum(over: boolean): Shown {
    const files = this.underWay;
    const begun = files.reduce((sum, { done }) => sum + done, this.#endedBytes);
    const count = String(this.#endedFiles) + (this.#announced ? `/${this.#announced.files}` : '');
    const names = files.map(({ name }) => name).join(', ');
    return {
      name: names === '' ? `${count} files` : `${count} ${names}`,
      done: begun,
      total: this.#announced ? Math.max(this.#announced.bytes, begun) : over ? begun : null,
      ...timing(this.#overall, over),
    };
  }
}

export function shownFile({ name, done, total, rate }: FileTally, over: boolean): Shown {
  return { name, done, total, ...timing(rate, over) };
}

function timing(rate: Rate, over: boolean): Pick<Shown, 'rate' | 'took'> {
  return over ? { rate: rate.overall(), took: rate.elapsed() } : { rate: rate.recent(), took: null };
}

/** The name that the person has before his eyes: that of the source. */
function nameOf({ direction, remote, local }: TransferSubject): string {
  const source = direction === 'get' ? remote : local;
  return toText(lastPart(source === '-' ? (direction === 'get' ? local : remote) : source));
}

function lastPart(path: ByteString): ByteString {
  return /[^/]+(?=\/*$)/.exec(path)?.[0] ?? path;
}

/** No path holds a NUL. */
function keyOf({ direction, remote, local }: TransferSubject): string {
  return `${direction}\0${remote}\0${local}`;
}
