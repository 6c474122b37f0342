/** Knows when all that is in a folder has been dealt with, folders in it too: only then its times can be set. */
export class FolderEnd {
  readonly #parent: FolderEnd | null;
  readonly #finish: () => Promise<void>;
  #open = 1;
  #late: (() => void)[] = [];

  /** Held once, by whoever reads the folder. @param finish called when nothing holds it any more */
  constructor(parent: FolderEnd | null, finish: () => Promise<void>) {
    this.#parent = parent;
    this.#finish = finish;
    parent?.hold();
  }

  hold(): void {
    this.#open++;
  }

  /** Something in the folder that is begun when all else in it has been dealt with; it holds the folder again. */
  later(begin: () => void): void {
    this.#late.push(begin);
  }

  async release(): Promise<void> {
    if (--this.#open > 0) return;
    if (this.#late.length > 0) {
      this.hold();
      for (const begin of this.#late.splice(0)) begin();
      await this.release();
      return;
    }
    await this.#finish();
    await this.#parent?.release();
  }
}
