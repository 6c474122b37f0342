import type { Remote } from './remote.js';

/**
 * The way to one server, connected again when it breaks. What is done with `use` may be done again: it is told the
 * session of the moment, and is called anew with the next one after `no-connection` or `timed-out`, while there are
 * attempts left. An attempt counts as long as `progress` is not called in it.
 */
export interface Link {
  /** The session of the moment. @throws Fault as connecting does */
  remote(): Promise<Remote>;
  use<T>(work: (remote: Remote, attempt: Attempt) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Ends the connection; `use` and `remote` fail from then on. */
  end(): Promise<void>;
}

export interface Attempt {
  /** 0 for the first, and then for each that follows a broken connection. */
  readonly number: number;
  /** Says that something was gained, so that earlier attempts are forgiven. */
  progress(): void;
}
