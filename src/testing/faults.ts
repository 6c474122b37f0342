import type { DelayOptions, RefuseOptions, StatusOptions } from './operation-faults.js';
import type { CutOptions, SlowOptions, StallOptions } from './link.js';
import type { OperationName } from './seen-request.js';

export interface RefuseLoginsOptions {
  /** How many connections are refused; all of them if absent. */
  readonly times?: number;
}

export interface OtherHostKey {
  /** `ssh-ed25519 AAAA...`, as a line of known_hosts ends. */
  readonly hostKey: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
}

/**
 * What can be made to go wrong, from the next byte or request on, in connections that are open and in those to come.
 * Whatever is wrong with the options throws a `Fault` that says it.
 */
export interface Faults {
  /**
   * Resets the connection once so many bytes have passed, counted from now over all connections: the one that the last
   * of them passes through. It happens once; call it again for the next. Bytes are those on the wire: SSH adds to what
   * it carries, and a login takes some thousands.
   */
  cutAfter(bytes: number, options?: CutOptions): void;
  /** Resets every open connection, now. */
  cut(): void;
  /** Lets bytes pass late, slowly, or both. What is absent stays as it is. */
  slow(options: SlowOptions): void;
  /** Lets nothing pass any more, with every connection open, until `resume`. */
  stall(options?: StallOptions): void;
  /** Ends every stall; what was held back passes. */
  resume(): void;
  /** Answers with a fault, and does nothing. */
  refuse(operation: OperationName, options?: RefuseOptions): void;
  /** Answers with that STATUS, whatever should be answered. With `perform` it is a lie: the work is done. */
  status(operation: OperationName, options: StatusOptions): void;
  /** Waits before it does what was asked. Others wait too where they are about the same file, or follow it: replies keep their order. */
  delay(operation: OperationName, options: DelayOptions): void;
  /** Connections from now on see another host key, which it gives; `server.hostKey` stays what it was. */
  changeHostKey(): OtherHostKey;
  /** Refuses passwords and keys, whether they are right or not, on connections that have not logged in. */
  refuseLogins(options?: RefuseLoginsOptions): void;
  /** Ends all of them. What waits goes on; connections that were cut stay cut. */
  clear(): void;
}

/** What each fault does, in a sentence; the documentation's table is held against it. */
export const faultSentences = {
  cutAfter: 'resets the connection once so many bytes have passed',
  cut: 'resets every open connection now',
  slow: 'lets bytes pass late, slowly, or both',
  stall: 'lets nothing pass, with every connection open, until `resume()`',
  refuse: 'answers an operation with a fault, and does nothing',
  status: 'answers an operation with any STATUS, instead of doing it or after it',
  delay: 'waits before it does what was asked',
  changeHostKey: 'shows another host key to the next connections',
  refuseLogins: 'refuses passwords and keys, right or wrong',
} as const satisfies Readonly<Record<Exclude<keyof Faults, 'resume' | 'clear'>, string>>;

export type FaultName = keyof typeof faultSentences;
