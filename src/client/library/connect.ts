import { Fault } from '../../fault.js';
import { connect as connectTo } from '../connect.js';
import type { ConnectOptions, Login, SeenHostKey } from '../connection.js';
import { createHostKeyPolicy } from '../host-key-policy.js';
import { createLink } from '../reconnecting.js';
import { Client } from './client.js';
import type { ClientOptions } from './options.js';

/**
 * Connects and logs in.
 * @throws Fault `invalid` for options that are wrong, `no-connection`, `timed-out`, `wrong-host-key`, `login-refused`,
 * `cancelled` once `signal` aborts
 */
export async function connect(options: ClientOptions): Promise<Client> {
  checkOptions(options);
  const { signal } = options;
  if (signal?.aborted === true) throw new Fault('cancelled');
  // Only the first connection is what `signal` is about: what breaks later belongs to the method that meets it.
  let first = signal;
  const closing = new AbortController();
  const link = createLink({
    connect: () => connectTo({ ...connectOptions(options), signal: first ?? closing.signal }),
    retries: options.retries ?? 3,
    signal: closing.signal,
    ...(options.note && { notify: options.note }),
  });
  try {
    await link.remote();
    first = undefined;
    return new Client(link, () => closing.abort());
  } catch (thrown) {
    await link.end();
    throw thrown;
  }
}

/** Every option there is; the compiler asks for new ones. */
const known: Readonly<Record<keyof ClientOptions, true>> = {
  host: true,
  port: true,
  user: true,
  password: true,
  key: true,
  passphrase: true,
  agent: true,
  answers: true,
  hostKey: true,
  knownHosts: true,
  acceptNew: true,
  checkHostKey: true,
  timeout: true,
  retries: true,
  note: true,
  signal: true,
};

function checkOptions(options: ClientOptions): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new Fault('invalid', `connect knows no option '${unknown}'`);
  const { host, user, port = 22, timeout = 1, retries = 0 } = options;
  // Programs without types may leave out what the compiler asks for.
  const text = (value: unknown): boolean => typeof value === 'string' && value !== '';
  if (!text(host)) throw new Fault('invalid', 'connect needs a host');
  if (!text(user)) throw new Fault('invalid', 'connect needs a user');
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Fault('invalid', 'port is a whole number from 1 to 65535');
  }
  if (!(timeout > 0)) throw new Fault('invalid', 'timeout is a number of milliseconds, above 0');
  if (!(Number.isInteger(retries) && retries >= 0)) {
    throw new Fault('invalid', 'retries is a whole number, 0 for none');
  }
  if (!options.hostKey && !options.knownHosts && !options.checkHostKey) {
    throw new Fault(
      'invalid',
      "connect has to know the server's key: give hostKey (its SHA256: fingerprint), knownHosts (a file) or checkHostKey (a function)",
    );
  }
  if (options.acceptNew === true && !options.knownHosts) {
    throw new Fault('invalid', 'acceptNew needs knownHosts, to remember the key');
  }
}

function connectOptions(options: ClientOptions): ConnectOptions {
  const { host, port = 22, timeout = 30_000 } = options;
  return { host, port, timeout, login: loginOf(options), ...hostKeyChecks(options, host, port) };
}

function loginOf(options: ClientOptions): Login {
  const { user, password, passphrase, answers, agent = null } = options;
  const given = options.key ?? [];
  const keys: readonly (string | Uint8Array)[] =
    typeof given === 'string' || given instanceof Uint8Array ? [given] : given;
  const secret = async (
    from: string | ((attempt: number) => string | null | Promise<string | null>) | undefined,
    attempt: number,
  ): Promise<string | null> => {
    if (typeof from === 'function') return from(attempt);
    // The same once more would only be refused once more.
    return attempt === 0 ? (from ?? null) : null;
  };
  let answered = 0;
  return {
    user,
    agent,
    keys: keys.map((key, index) => ({ key: Buffer.from(key), name: `key ${index + 1}` })),
    passphrase: (_key, attempt) => secret(passphrase, attempt),
    password: (attempt) => secret(password, attempt),
    answers: async (asked) => {
      if (answers) return answers(asked);
      const { prompts } = asked;
      if (prompts.length === 0) return [];
      if (prompts.length > 1 || prompts[0]?.echo === true) return null;
      const answer = await secret(password, answered++);
      return answer === null ? null : [answer];
    },
  };
}

function hostKeyChecks(
  { hostKey = [], knownHosts = [], acceptNew = false, checkHostKey, note }: ClientOptions,
  host: string,
  port: number,
): Pick<ConnectOptions, 'checkHostKey' | 'hostKeyTypes'> {
  if (checkHostKey) {
    return {
      checkHostKey: async (key: SeenHostKey) => {
        if (await checkHostKey(key)) return;
        throw new Fault('wrong-host-key', `the host key ${key.fingerprint} was not accepted`);
      },
    };
  }
  const files = typeof knownHosts === 'string' ? [knownHosts] : knownHosts;
  const policy = createHostKeyPolicy({
    // The policy writes to its last file.
    files: [...files].reverse(),
    acceptNew,
    pinned: typeof hostKey === 'string' ? [hostKey] : hostKey,
    ask: null,
    ...(note && { notice: note }),
  });
  return { checkHostKey: policy.check, hostKeyTypes: policy.knownTypes(host, port) };
}
