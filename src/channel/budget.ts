/**
 * How many bytes may wait at once. For replies: no request is taken unless its largest reply fits (T3), so a peer that
 * asks for much and reads nothing costs bounded memory, and gets every byte once it reads on. For input: what arrived
 * and is not yet written; a full budget stops the window. One budget of each serves a connection with all its
 * channels; its parent is the process's.
 */
export class Budget {
  readonly #limit: number;
  readonly #parent: Budget | null;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(limit: number, parent: Budget | null = null) {
    this.#limit = limit;
    this.#parent = parent;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes `bytes`, or takes nothing and says `false`. One request always fits an empty budget. */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > this.#limit) return false;
    if (this.#parent && !this.#parent.take(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Takes what is there already, over the limit if need be; `full` then tells the giver to stop. */
  charge(bytes: number): void {
    this.#taken += bytes;
    this.#parent?.charge(bytes);
  }

  get full(): boolean {
    return this.#taken >= this.#limit || (this.#parent?.full ?? false);
  }

  give(bytes: number): void {
    this.#taken -= bytes;
    this.#parent?.give(bytes);
    if (this.#waiting.size === 0) return;
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of woken) wake();
  }

  /** Calls back once, when bytes have come back here or to the parent. */
  whenGiven(wake: () => void): void {
    this.#waiting.add(wake);
    this.#parent?.whenGiven(wake);
  }

  /** Forgets a waiter that went away. */
  forget(wake: () => void): void {
    this.#waiting.delete(wake);
    this.#parent?.forget(wake);
  }
}
