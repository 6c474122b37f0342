import { readFileSync } from 'node:fs';
import type { ConnectOptions, KeySource, Login, SeenHostKey } from '../../src/client/connection.js';
import { Fault } from '../../src/fault.js';

/** Nobody is there, and nothing to log in with. */
export function login(user: string, parts: Partial<Login> = {}): Login {
  const nobody = (): Promise<null> => Promise.resolve(null);
  return { user, agent: null, keys: [], passphrase: nobody, password: nobody, answers: nobody, ...parts };
}

export function keyFrom(file: string): KeySource {
  return { key: readFileSync(file), name: file };
}

/** To a server of this machine whose host key is taken as it is, unless told otherwise. */
export function options(
  server: { readonly port: number },
  who: Login,
  parts: Partial<ConnectOptions> = {},
): ConnectOptions {
  const anyKey = (): Promise<void> => Promise.resolve();
  return {
    host: '127.0.0.1',
    port: server.port,
    login: who,
    checkHostKey: anyKey,
    timeout: 20_000,
    ...parts,
  };
}

/** The fault of what has to fail. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw thrown;
}

/** Remembers the host keys that were shown. */
export function hostKeyWitness(): {
  readonly seen: SeenHostKey[];
  readonly check: (key: SeenHostKey) => Promise<void>;
} {
  const seen: SeenHostKey[] = [];
  return {
    seen,
    check: (key) => {
      seen.push(key);
      return Promise.resolve();
    },
  };
}
