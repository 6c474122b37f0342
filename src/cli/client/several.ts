import { Fault, toFault, type FaultCode } from '../../fault.js';
import type { ByteString } from '../../names.js';
import { exitOf, exits, type Exit } from '../exit.js';
import type { ClientPrinter } from './client-printer.js';
import type { Word } from './words.js';

/** What ends a command at once: nothing that follows could go better. */
const ending: ReadonlySet<FaultCode> = new Set([
  'cancelled',
  'no-connection',
  'wrong-host-key',
  'login-refused',
  'timed-out',
]);

/**
 * Does one thing to several names: a failure is told, and the others go on. Alone, it is thrown in the end, so that its
 * own code decides the exit code; among others, that is "some of several failed", unless all failed for the same reason.
 */
export class Several {
  readonly #printer: ClientPrinter;
  readonly #command: string;
  #done = 0;
  #told = 0;
  readonly #exits = new Set<Exit>();
  /** Failed first; not told yet, since it may stay the only thing that happened. */
  #held: Fault | null = null;

  constructor(printer: ClientPrinter, command: string) {
    this.#printer = printer;
    this.#command = command;
  }

  /** What the words stand for; one that stands for nothing has failed. */
  async expand(
    words: readonly Word[],
    expand: (word: Word) => Promise<readonly ByteString[]>,
  ): Promise<readonly ByteString[]> {
    const paths: ByteString[] = [];
    for (const word of words) {
      try {
        // Not spread into push: there may be more than a call takes arguments.
        for (const path of await expand(word)) paths.push(path);
      } catch (thrown) {
        this.failed(null, thrown);
      }
    }
    return paths;
  }

  /** @param shown the name that a failure's sentence begins with; `null` where the fault says it */
  async attempt(shown: string | null, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.failed(shown, thrown);
      return;
    }
    this.succeeded();
  }

  succeeded(): void {
    this.#done++;
    this.#tell();
  }

  /** @throws what ends the whole command */
  failed(shown: string | null, thrown: unknown): void {
    const fault = toFault(thrown);
    if (ending.has(fault.code)) throw fault;
    this.#tell();
    const told = about(this.#command, shown, fault);
    if (this.#done + this.#told > 0) this.#warn(told);
    else this.#held = told;
  }

  /** @throws the failure of a command that did nothing else */
  exit(): Exit | undefined {
    if (this.#held) throw this.#held;
    if (this.#told === 0) return undefined;
    const [only, ...others] = this.#exits;
    return this.#done === 0 && only !== undefined && others.length === 0 ? only : exits['some failed'];
  }

  #tell(): void {
    if (!this.#held) return;
    this.#warn(this.#held);
    this.#held = null;
  }

  #warn(fault: Fault): void {
    this.#told++;
    this.#exits.add(exitOf(fault.code));
    this.#printer.fault(fault);
  }
}

/** The fault with command and name before its sentence. */
export function about(command: string, shown: string | null, fault: Fault): Fault {
  const { cause } = fault;
  // What nobody foresaw: its own words are better than none.
  const unforeseen = fault.code === 'failure' && cause instanceof Error && fault.message === 'failure';
  const sentence = unforeseen ? cause.message : fault.message;
  return new Fault(fault.code, `${command} ${shown === null ? '' : `${shown}: `}${sentence}`, {
    cause: fault,
  });
}

/** Runs work on one name; a failure's sentence begins with command and name. */
export async function named<T>(command: string, shown: string | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw about(command, shown, toFault(thrown));
  }
}

/** `null` where nothing has that name. @param too what else says so */
export async function unlessMissing<T>(asked: Promise<T>, too: FaultCode = 'not-found'): Promise<T | null> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === 'not-found' || thrown.code === too)) return null;
    throw thrown;
  }
}
