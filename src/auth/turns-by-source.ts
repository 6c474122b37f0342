/**
 * Things that wait, in the order they came for each source; the sources take turns. Whoever sends many keeps only
 * themselves waiting.
 */
export class TurnsBySource<T> {
  /** In the order of their turns. None is empty. */
  readonly #sources = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(source: string, thing: T): void {
    this.#size++;
    const waiting = this.#sources.get(source);
    if (waiting) waiting.push(thing);
    else this.#sources.set(source, [thing]);
  }

  /** Whether it was still waiting. */
  remove(source: string, thing: T): boolean {
    const waiting = this.#sources.get(source);
    const at = waiting?.indexOf(thing) ?? -1;
    if (!waiting || at === -1) return false;
    this.#size--;
    waiting.splice(at, 1);
    if (waiting.length === 0) this.#sources.delete(source);
    return true;
  }

  /** The next of the source whose turn it is. */
  take(): T | undefined {
    for (const [source, waiting] of this.#sources) {
      const next = waiting.shift();
      this.#size--;
      this.#sources.delete(source);
      if (waiting.length > 0) this.#sources.set(source, waiting);
      return next;
    }
    return undefined;
  }
}
