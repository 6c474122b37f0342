import { readFileSync } from 'node:fs';
import { connect } from '../../client/connect.js';
import type { Connection, ConnectOptions, KeySource } from '../../client/connection.js';
import { createHostKeyPolicy } from '../../client/host-key-policy.js';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import type { Terminal } from '../terminal.js';
import type { ClientLog } from './client-log.js';
import { createLoginPrompts, hostKeyQuestion } from './login-prompts.js';
import { formatHost } from './destination.js';
import type { IdentityFile, Target } from './target.js';

export interface ConnectingOptions {
  readonly terminal: Pick<Terminal, 'present' | 'ask' | 'askSecret'>;
  /** Lines on stderr, past whatever else is shown. */
  readonly say: (line: string) => void;
  /** The same for what is only good to know. */
  readonly aside: (line: string) => void;
  /** For `-v`. */
  readonly debug: ((line: string) => void) | null;
  readonly log: ClientLog;
  readonly password: string | null;
  /** Fingerprints that the host must show one of. */
  readonly pinned: readonly string[];
  readonly acceptNew: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Connects and logs in, each time it is called; what was answered once is not asked again. */
export function createConnecting(target: Target, options: ConnectingOptions): () => Promise<Connection> {
  const { terminal, say, log, password } = options;
  const asked = terminal.present && !target.silent ? terminal : null;
  const prompts = createLoginPrompts({ terminal: asked, say, password, passwordFor: placeOf(target) });
  const hops = [...target.jumps, target];
  const hosts = hops.map((hop) => {
    const unknown = options.acceptNew ? 'accept' : hop.unknownKeys;
    const policy = createHostKeyPolicy({
      files: hop.knownHosts,
      acceptNew: unknown === 'accept',
      // Pinned is the key of the place itself; hosts on the way have others.
      pinned: hop === target ? options.pinned : [],
      ask: unknown === 'ask' && asked ? hostKeyQuestion(asked, say) : null,
      notice: say,
    });
    return { hop, policy, keys: readKeys(hop.identities) };
  });
  const optionsFor = ({
    hop,
    policy,
    keys,
  }: (typeof hosts)[number]): Omit<ConnectOptions, 'jumps' | 'signal'> => {
    const { host, port, user, agent, methods } = hop;
    const offered = (method: string): boolean => methods?.has(method) !== false;
    const answers = prompts.answersFor(placeOf(hop));
    const types = policy.knownTypes(host, port);
    return {
      host,
      port,
      login: {
        user,
        agent: offered('publickey') ? agent : null,
        keys: offered('publickey') ? keys : [],
        passphrase: answers.passphrase,
        password: offered('password') ? answers.password : () => Promise.resolve(null),
        answers: offered('keyboard-interactive') ? answers.answers : () => Promise.resolve(null),
      },
      checkHostKey: policy.check,
      ...(types.length > 0 && { hostKeyTypes: types }),
      timeout: options.timeout,
      banner: (text) => {
        for (const line of text.trimEnd().split(/\r?\n/)) options.aside(`${host}: ${line}`);
      },
      ...(options.debug && { debug: options.debug }),
    };
  };

  return async () => {
    const { host, port, user } = target;
    log.write('info', 'connecting', { host, port, user, jumps: target.jumps.map((one) => one.host) });
    const all = hosts.map(optionsFor);
    const last = all.at(-1);
    if (!last) throw new Error('there is always the target itself');
    try {
      const connection = await connect({ ...last, jumps: all.slice(0, -1), signal: options.signal });
      log.write('info', 'logged-in', { host, port, user, method: connection.loginMethod });
      void connection.closed.then((fault) => {
        log.write(fault ? 'warn' : 'info', 'disconnected', {
          host,
          port,
          ...(fault && { reason: fault.message }),
        });
      });
      return connection;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'login-refused' && prompts.unanswered) {
        throw new Fault(
          'login-refused',
          `${thrown.message}; nobody could be asked for a password or passphrase here: set PLIM_PASSWORD, or log in by an agent or a key file (-i)`,
          { cause: thrown },
        );
      }
      throw thrown;
    }
  };
}

/** The port too: another server of the same host is not to get what was typed for this one. */
function placeOf({ user, host, port }: Target): string {
  return `${user}@${formatHost(host, port)}`;
}

/** @throws Fault `not-found`, `denied` for a key file that was named */
function readKeys(files: readonly IdentityFile[]): readonly KeySource[] {
  const keys: KeySource[] = [];
  const seen = new Set<string>();
  for (const { path, required } of files) {
    if (seen.has(path)) continue;
    seen.add(path);
    try {
      keys.push({ key: readFileSync(path), name: path });
    } catch (thrown) {
      const { code = 'unreadable' } = thrown as NodeJS.ErrnoException;
      if (!required) continue;
      const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
      throw new Fault(code === 'ENOENT' ? 'not-found' : 'denied', `the key file ${printable(path)} ${why}`);
    }
  }
  return keys;
}
