/** What a peer may send before it is granted more: as much as ssh2 grants. */
export const receiveWindow = 2 * 1024 * 1024;

/** The largest piece of data a peer may put into one packet. */
export const receivePacket = 32 * 1024;

/** More is granted once half is used up, so that the sender never waits for us. */
const lowMark = receiveWindow / 2;

/** The window we grant the peer of one channel. [RFC 4254 5.2] */
export class ReceiveWindow {
  #left = receiveWindow;

  /** Counts what arrived; `false` when the peer sent more than it was granted. */
  take(length: number): boolean {
    this.#left -= length;
    return this.#left >= 0;
  }

  /** Bytes to grant now; 0 while enough is left. */
  topUp(): number {
    if (this.#left > lowMark) return 0;
    const grant = receiveWindow - this.#left;
    this.#left = receiveWindow;
    return grant;
  }
}

/** What a channel's window may grow to. [RFC 4254 5.2] */
const maxWindow = 2 ** 32 - 1;

/** The window a peer grants us; a grant beyond the protocol's largest is cut. */
export function widened(window: number, grant: number): number {
  return Math.min(window + grant, maxWindow);
}
