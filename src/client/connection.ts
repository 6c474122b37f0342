import type { Fault } from '../fault.js';
import type { Remote } from './remote.js';

/** A host key that a server showed. */
export interface SeenHostKey {
  readonly host: string;
  readonly port: number;
  /** As on the wire [RFC 4253 6.6]. */
  readonly blob: Buffer;
  readonly type: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
}

/** One question of keyboard-interactive [RFC 4256 3.2]. */
export interface Prompt {
  readonly text: string;
  /** Whether what is typed may be seen. */
  readonly echo: boolean;
}

/** What is known of a private key before it is used. */
export interface KeySource {
  /** The private key file's bytes. */
  readonly key: Buffer;
  /** For sentences: usually its path. */
  readonly name: string;
}

/**
 * Ways to log in, tried in this order: agent, keys, keyboard-interactive and password as the server offers them. The
 * callbacks ask whoever is there; `null` says that nobody answers, and that way is given up.
 */
export interface Login {
  readonly user: string;
  /** The agent's socket, a pipe's name on Windows, or `pageant`; `null` for none. */
  readonly agent: string | null;
  readonly keys: readonly KeySource[];
  /** For an encrypted key; asked again, up to three times, while it does not fit. `attempt` is 0 at first. */
  readonly passphrase: (key: KeySource, attempt: number) => Promise<string | null>;
  /** Asked again, up to three times, while the server refuses it. `attempt` is 0 at first. */
  readonly password: (attempt: number) => Promise<string | null>;
  /** All prompts of one INFO_REQUEST at once, an answer each. */
  readonly answers: (asked: {
    readonly name: string;
    readonly instruction: string;
    readonly prompts: readonly Prompt[];
  }) => Promise<readonly string[] | null>;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly login: Login;
  /** Whether this key is that of the server. @throws Fault `wrong-host-key`, with the sentence to show */
  readonly checkHostKey: (key: SeenHostKey) => Promise<void>;
  /** Key types to ask for first: those that are known for the host. */
  readonly hostKeyTypes?: readonly string[];
  /** Ways through other hosts, the nearest first; each is logged in to like the server itself. */
  readonly jumps?: readonly Omit<ConnectOptions, 'jumps' | 'signal'>[];
  /** Milliseconds for connecting and key exchange, and without any answer later on. */
  readonly timeout: number;
  /** What the server says before the login [RFC 4252 5.4]. */
  readonly banner?: (text: string) => void;
  /** Lines about what goes on below, for `-v`. */
  readonly debug?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A logged-in connection with an SFTP session, and more of them as far as the server grants them. */
export interface Connection {
  readonly remote: Remote;
  /**
   * Another SFTP session, on a channel of its own: what the server has to do in order in one session it may do at once in
   * several. `null` once the server refuses one or does not begin it in time; it is not asked again then. A session that
   * ends later fails what is asked of it with `no-connection`, and leaves the others alone.
   */
  more(): Promise<Remote | null>;
  /** How the login was granted: `publickey`, `password`, ... */
  readonly loginMethod: string;
  /** Resolves when it is over: to why where nobody asked for it, to `null` after `end`. */
  readonly closed: Promise<Fault | null>;
  /** Ends it in order; resolves when it is gone, at once where the other side does not answer within a second. */
  end(): Promise<void>;
}
