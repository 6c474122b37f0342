import { Fault } from '../fault.js';
import { printable } from '../observe/printable.js';

/** Names of methods are short and few; a server may send anything. */
const mostMethods = 16;
const longestMethod = 64;

/** What happened in a login, for the sentence at its end. */
export class LoginReport {
  readonly #user: string;
  #offered: readonly string[] = [];
  readonly #tried: string[] = [];
  readonly #skipped: string[] = [];
  readonly #granted: string[] = [];

  constructor(user: string) {
    this.#user = printable(user);
  }

  /** Whether the server was shown anything that it refused. */
  get tried(): boolean {
    return this.#tried.length > 0;
  }

  offered(methods: readonly string[]): void {
    this.#offered = methods.slice(0, mostMethods).map((name) => printable(name.slice(0, longestMethod)));
  }

  trying(what: string): void {
    if (!this.#tried.includes(what)) this.#tried.push(what);
  }

  /** A way that could not be tried. */
  skipping(what: string): void {
    if (!this.#skipped.includes(what)) this.#skipped.push(what);
  }

  /** The server took this one and wants more. */
  granted(what: string): void {
    this.#granted.push(what);
    this.#tried.splice(0, this.#tried.length, ...this.#tried.filter((tried) => tried !== what));
  }

  /** @param last how it ended, where it did not just come to an end of what could be tried */
  fault(last: string | null = null): Fault {
    const parts = [
      ...(this.#granted.length > 0 ? [`${joined(this.#granted)} accepted, which is not enough`] : []),
      this.#tried.length > 0 ? `tried ${joined(this.#tried)}` : 'nothing to try',
      ...this.#skipped,
      ...(this.#offered.length > 0 ? [`the server takes ${this.#offered.join(', ')}`] : []),
      ...(last === null ? [] : [last]),
    ];
    return new Fault('login-refused', `login refused for ${this.#user}: ${parts.join('; ')}`);
  }
}

function joined(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
