import { closeSync, openSync } from 'node:fs';
import { Fault } from '../fault.js';
import { systemWords } from './system-words.js';

/**
 * Opens a file once as it will be opened for each line, and makes it where it is missing, mode 0600.
 * @param what what the file is for, as in `the log file`
 * @throws Fault `failure` when it cannot be opened now
 */
export function assertAppendable(path: string, what: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (cause) {
    throw new Fault('failure', `${what} ${path} cannot be opened: ${systemWords(cause)}`, { cause });
  }
}
