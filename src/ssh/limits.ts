import { isIPv4, isIPv6 } from 'node:net';
import type { Timers } from './timers.js';

/**
 * Whom an address stands for: IPv4 as it is, also where it came mapped into IPv6; of IPv6 the first 64 bits, for one
 * subscriber has all the others.
 */
export function sourceOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain) || !isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === '' ? [] : tail.split(':');
  const zeros = plain.includes('::')
    ? Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0')
    : [];
  const prefix = [...groups, ...zeros, ...rest].slice(0, 4);
  return `${prefix.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** Connections that are not logged in: few in all, fewer from one source. The table holds nothing else. */
export class PendingConnections {
  readonly #perSource = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  get sources(): number {
    return this.#perSource.size;
  }

  /** Takes a place, to be given back by `release`; or says why there is none. */
  admit(source: string, limits: { readonly total: number; readonly perSource: number }): string | null {
    if (this.#total >= limits.total) return `${limits.total} connections are not logged in`;
    const here = this.#perSource.get(source) ?? 0;
    if (here >= limits.perSource) return `${limits.perSource} connections from there are not logged in`;
    this.#total++;
    this.#perSource.set(source, here + 1);
    return null;
  }

  release(source: string): void {
    const here = this.#perSource.get(source) ?? 0;
    if (here === 0) return;
    this.#total--;
    if (here === 1) this.#perSource.delete(source);
    else this.#perSource.set(source, here - 1);
  }
}

/** A rate with a burst of one second's worth. */
export class Rate {
  readonly #timers: Timers;
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, timers: Timers) {
    this.#perSecond = perSecond;
    this.#timers = timers;
    this.#tokens = perSecond;
    this.#at = timers.now();
  }

  /** Takes one; `false` when that is too fast. */
  take(): boolean {
    const now = this.#timers.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
