import { createHash } from 'node:crypto';
import type { Fault, FaultCode } from '../fault.js';

/**
 * Which faults are also told on the channel's stderr: OpenSSH's `sftp` and `scp` and PuTTY's `psftp` print only
 * "Failure" for any status text, but they do show what arrives there (design: once for each kind of fault and handle).
 * What a client asks in order to find out (does it exist?) is not.
 */
const told: Readonly<Record<FaultCode, boolean>> = {
  'not-found': false,
  denied: true,
  'read-only': true,
  exists: true,
  'not-a-folder': false,
  'is-a-folder': true,
  'not-a-file': true,
  'not-empty': true,
  loop: true,
  'bad-name': true,
  'name-too-long': true,
  'different-home': true,
  quota: true,
  'no-space': true,
  'too-many': true,
  busy: true,
  'end-of-file': false,
  'bad-handle': false,
  'bad-message': false,
  unsupported: false,
  invalid: true,
  cancelled: false,
  'login-refused': true,
  'no-connection': false,
  'wrong-host-key': false,
  'timed-out': true,
  'verification-failed': true,
  'some-failed': true,
  failure: false,
};

/** A client that provokes faults without end must not grow the memory or flood its user. */
const mostSentences = 200;

/** Tells each kind of fault once for each handle or path. */
export class Refusals {
  readonly #stderr: (text: string) => void;
  readonly #seen = new Set<string>();

  constructor(stderr: (text: string) => void) {
    this.#stderr = stderr;
  }

  /** `subject` is the handle or path that the request was about. */
  tell(fault: Fault, subject: string): void {
    if (!told[fault.code] || this.#seen.size >= mostSentences) return;
    const key = `${fault.code}\0${brief(subject)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#stderr(fault.message);
  }
}

/** Two hundred paths of 64 KiB are more than a session may cost. */
function brief(subject: string): string {
  return subject.length <= 64 ? subject : createHash('sha256').update(subject, 'latin1').digest('base64');
}
