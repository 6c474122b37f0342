import { Fault } from '../fault.js';

/** Commands at once on one connection: with the SFTP sessions they stay below the ten channels that servers grant. */
const most = 4;

/** Whose turn it is to run a command on a connection: servers refuse channels beyond a number that they do not tell. */
export class CommandTurns {
  readonly #waiting: (() => void)[] = [];
  #most = most;
  #running = 0;

  /** Resolves when it is its turn; `end` gives it back. @throws Fault `cancelled` */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    while (this.#running >= this.#most) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal?.removeEventListener('abort', go);
          const index = this.#waiting.indexOf(go);
          if (index >= 0) this.#waiting.splice(index, 1);
          resolve();
        };
        this.#waiting.push(go);
        signal?.addEventListener('abort', go);
      });
      if (signal?.aborted) {
        // It may have been this one's turn already.
        this.#wake();
        throw new Fault('cancelled');
      }
    }
    this.#running++;
  }

  /** Whether one more leaves turns to others. */
  get plenty(): boolean {
    return this.#running + 2 < this.#most;
  }

  end(): void {
    this.#running--;
    this.#wake();
  }

  /**
   * The server refused a channel. Whether it is worth another try: others are running, and the server seems to grant no more
   * than these.
   */
  refused(): boolean {
    const others = this.#running - 1;
    if (others === 0) return false;
    this.#most = Math.min(this.#most, others);
    return true;
  }

  #wake(): void {
    if (this.#running < this.#most) this.#waiting[0]?.();
  }
}
