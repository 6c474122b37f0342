import type { Prompt, SeenHostKey } from '../connection.js';

/** How to reach a server, who logs in there, and how the server is known. */
export interface ClientOptions {
  readonly host: string;
  /** 22 if absent. */
  readonly port?: number;
  readonly user: string;

  /** One text, or asked for: `attempt` counts from 0, and `null` gives up. */
  readonly password?: string | ((attempt: number) => Answer<string>);
  /** Private keys as OpenSSH, PEM or PuTTY text. */
  readonly key?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Of encrypted keys. */
  readonly passphrase?: string | ((attempt: number) => Answer<string>);
  /** The socket of an agent (`process.env.SSH_AUTH_SOCK`), a pipe's name on Windows, or `pageant`. */
  readonly agent?: string;
  /** Answers keyboard-interactive prompts. If absent, a single prompt that hides what is typed gets `password`. */
  readonly answers?: (asked: {
    readonly name: string;
    readonly instruction: string;
    readonly prompts: readonly Prompt[];
  }) => Answer<readonly string[]>;

  /** Fingerprints (`SHA256:...`) of which the server's key must have one. */
  readonly hostKey?: string | readonly string[];
  /** Files as `~/.ssh/known_hosts`, of which the first is written to by `acceptNew`; hashed names and `@revoked` count. */
  readonly knownHosts?: string | readonly string[];
  /** With `knownHosts`: the key of a host that is in none of them is taken and remembered. */
  readonly acceptNew?: boolean;
  /** In place of both: decides whether this is the server's key. */
  readonly checkHostKey?: (key: SeenHostKey) => boolean | Promise<boolean>;

  /** Milliseconds for connecting, and without any answer later on. 30,000 if absent. */
  readonly timeout?: number;
  /** Attempts without progress after which a broken connection is given up. 3 if absent. */
  readonly retries?: number;
  /** Sentences about what goes on: a connection that broke and is made again. */
  readonly note?: (sentence: string) => void;
  /** Aborts connecting; each method takes a signal of its own. */
  readonly signal?: AbortSignal;
}

type Answer<T> = T | null | Promise<T | null>;
