import { Fault } from '../fault.js';
import type { Login } from './connection.js';

/**
 * The same login; what its callbacks throw (somebody pressed Ctrl-C at the question) is told at once, and is not one more
 * way that did not work.
 */
export function failingLogin(login: Login, fail: (fault: Fault) => void): Login {
  const failing =
    <A extends readonly unknown[], T>(ask: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      try {
        return await ask(...args);
      } catch (error) {
        fail(
          error instanceof Fault ? error : new Fault('failure', (error as Error).message, { cause: error }),
        );
        throw error;
      }
    };
  return {
    ...login,
    passphrase: failing(login.passphrase),
    password: failing(login.password),
    answers: failing(login.answers),
  };
}
