import { Fault, toFault } from '../fault.js';
import { PartialFault } from '../vfs/partial-fault.js';
import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import type { Counting } from './counting.js';
import type { KeptRow } from './kept-row.js';
import type { Ledger } from './ledger.js';
import { overLine, type Line } from './line.js';
import type { NameChange } from './messages.js';
import type { NameBooks } from './name-books.js';
import { carryOut } from './name-change.js';
import { onceSure, unsure } from './once-sure.js';

export interface NamesParts {
  readonly ledger: Ledger;
  readonly counting: Counting;
  readonly row: KeptRow;
  readonly books: NameBooks;
  readonly line: () => Promise<Line>;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** Runs work with no other change of names half done. */
  readonly inQueue: <T>(work: () => Promise<T>) => Promise<T>;
  /** Something was booked: the row is to follow once the home rests. */
  readonly rests: () => void;
}

/** Carries out the changes of names of one home, one after another: charged before, booked by what was measured (L3). */
export class Names {
  readonly #parts: NamesParts;

  constructor(parts: NamesParts) {
    this.#parts = parts;
  }

  /** @throws Fault `quota`, `busy`, and what the filesystem says */
  change(request: NameChange, through: Vfs): Promise<Change> {
    return this.#onceSure(() =>
      this.#inQueue(async () => {
        if (request.kind === 'mkdir' || request.kind === 'symlink') {
          const room = await this.#roomForFile();
          // What exists is told as that, line or no line.
          if (room !== null && !(await exists(through, request.path))) {
            if (room === unsure) return unsure;
            throw room;
          }
        }
        // Where there are no hard links, what is to replace nothing takes its new name by an empty file first. It frees
        // that again, so that a store which cannot be written is no reason to refuse it.
        if (request.kind === 'rename' && !request.replace) {
          await this.#parts.row.raise(0, 1, await this.#parts.line()).catch(() => undefined);
        }
        const change = await carryOut(through, request).catch(async (thrown: unknown) => {
          if (thrown instanceof PartialFault) await this.#parts.books.book(request, thrown.change, through);
          throw thrown;
        });
        await this.#parts.books.book(request, change, through);
        this.#parts.rests();
        return change;
      }),
    );
  }

  /** `null` where one more file fits; else why not. */
  async #roomForFile(): Promise<Fault | typeof unsure | null> {
    const line = await this.#parts.line();
    if (line.files !== null) {
      if (this.#parts.counting.state === 'unknown') return unsure;
      if (this.#parts.ledger.files + 1 > line.files) {
        if (this.#parts.counting.state !== 'counted') return unsure;
        return overLine('files', { used: this.#parts.ledger.files, limit: line.files, needed: 1 });
      }
    }
    await this.#parts.row.raise(0, 1, line);
    return null;
  }

  /** Makes a file, or finds the one that is there: a full home takes no new one, and lets old ones be written anew. */
  create(
    exclusive: boolean,
    open: (create: boolean) => Promise<Handle>,
    entered: (handle: Handle) => void,
  ): Promise<Handle> {
    return this.#onceSure(() =>
      this.#inQueue(async () => {
        // Where the store cannot be written nothing new is made, and what is there is opened all the same.
        const room = await this.#roomForFile().catch(toFault);
        let handle: Handle;
        try {
          handle = await opening(open(room === null), exclusive);
        } catch (thrown) {
          if (room === null || !(thrown instanceof Fault) || thrown.code !== 'not-found') throw thrown;
          if (room === unsure) return unsure;
          throw room;
        }
        if (handle.opened.created) this.#parts.books.made(handle.opened);
        entered(handle);
        this.#parts.rests();
        return handle;
      }),
    );
  }

  #inQueue<T>(work: () => Promise<T>): Promise<T> {
    return this.#parts.inQueue(() => this.#parts.ledger.whileChanging(work));
  }

  #onceSure<T>(attempt: () => Promise<T | typeof unsure>): Promise<T> {
    return onceSure(this.#parts.counting, this.#parts.after, attempt);
  }
}

/** Where there was no room for a new file the name was opened as it is: `exclusive` is for us to say then. */
async function opening(doing: Promise<Handle>, exclusive: boolean): Promise<Handle> {
  const handle = await doing;
  if (!exclusive || handle.opened.created) return handle;
  await handle.close();
  throw new Fault('exists');
}

async function exists(vfs: Vfs, path: string): Promise<boolean> {
  return vfs.stat(path, { follow: false }).then(
    () => true,
    () => false,
  );
}
