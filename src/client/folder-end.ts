/** Knows when all that is in a folder has been dealt with, folders in it too: only then its times can be set. */
export class FolderEnd {
  readonly #parent: FolderEnd | null;
  readonly #finish: () => Promise<void>;
  #open = 1;
  readonly #late = new Map<number, (() => void)[]>();

  /** Held once, by whoever reads the folder. @param finish called when nothing holds it any more */
  constructor(parent: FolderEnd | null, finish: () => Promise<void>) {
    this.#parent = parent;
    this.#finish = finish;
    parent?.hold();
  }

  hold(): void {
    this.#open++;
  }

  /**
   * Something in the folder that is begun when all else in it has been dealt with, what is later by a smaller `turn`
   * too. What begins holds the folder again.
   */
  later(turn: number, begin: () => void): void {
    const same = this.#late.get(turn);
    if (same) same.push(begin);
    else this.#late.set(turn, [begin]);
  }

  async release(): Promise<void> {
    if (--this.#open > 0) return;
    if (this.#late.size > 0) {
      const next = Math.min(...this.#late.keys());
      const late = this.#late.get(next) ?? [];
      this.#late.delete(next);
      this.hold();
      for (const begin of late) begin();
      await this.release();
      return;
    }
    await this.#finish();
    await this.#parent?.release();
  }
}
