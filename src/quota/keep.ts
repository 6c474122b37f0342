/** What belongs to one handle in the books of its home. */
export class Keep {
  /** Bytes that the truncation of its OPEN has freed: they stay with it until it is closed (L2). */
  bytes = 0;
  #running = 0;
  #settled: (() => void) | null = null;

  /** A request that may be charged begins. */
  begin(): void {
    this.#running++;
  }

  end(): void {
    if (--this.#running === 0) this.#settled?.();
  }

  /** Resolves once none is running. */
  settled(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    const before = this.#settled;
    return new Promise((resolve) => {
      this.#settled = () => {
        before?.();
        resolve();
      };
    });
  }
}
