import type { RemoteStat } from './remote.js';

/**
 * What whoever moves many files knows of one already, so that it need not be asked again: `getFile` and `putFile` take
 * these beside their options. They may be out of date, and cost a question more when they are, never a file.
 */
export interface FileHints {
  /** put: neither the target nor its `.filepart` was there a moment ago. */
  readonly targetIsNew?: boolean;
  /** get: what the server said of the source, which is a regular file. */
  readonly source?: RemoteStat;
}
