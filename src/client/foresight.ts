import type { ByteString } from '../names.js';
import type { Question, Remote } from './remote.js';

type Answers = { readonly [K in Question['ask']]: Awaited<ReturnType<Remote[K]>> };

export interface ForesightParts {
  readonly ask: { readonly [K in keyof Answers]: (path: ByteString) => Promise<Answers[K]> };
  /** How many requests the session has made so far. */
  readonly asked: () => number;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

/** Milliseconds for which an answer is taken to be so still. */
const freshFor = 1_000;

/**
 * Questions that are about to be asked one after another, sent together: over a long line their round trips would add
 * up. Each answer serves one question, and none does once the session has asked for anything else.
 */
export class Foresight {
  readonly #parts: ForesightParts;
  readonly #now: () => number;
  readonly #answers = new Map<string, Promise<unknown>>();
  #at = 0;
  #asked = 0;

  constructor(parts: ForesightParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
  }

  /** Asks, unless all of it is on its way already: what was not used of earlier questions counts for nothing then. */
  foresee(questions: readonly Question[]): void {
    if (this.#isFresh() && questions.every((question) => this.#answers.has(keyOf(question)))) return;
    this.#answers.clear();
    this.#at = this.#now();
    for (const question of questions) {
      const answer: Promise<unknown> = this.#parts.ask[question.ask](question.path);
      // Whoever needs it hears of its fault.
      answer.catch(() => undefined);
      this.#answers.set(keyOf(question), answer);
    }
    this.#asked = this.#parts.asked();
  }

  answer<K extends keyof Answers>(ask: K, path: ByteString): Promise<Answers[K]> {
    const key = keyOf({ ask, path });
    const answer = this.#isFresh() ? this.#answers.get(key) : undefined;
    this.#answers.delete(key);
    return (answer as Promise<Answers[K]> | undefined) ?? this.#parts.ask[ask](path);
  }

  #isFresh(): boolean {
    return this.#asked === this.#parts.asked() && this.#now() - this.#at < freshFor;
  }
}

function keyOf({ ask, path }: Question): string {
  return `${ask} ${path}`;
}
