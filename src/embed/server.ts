import type { LiveSession } from '../live.js';
import type { EventName, Listener } from '../observe/events.js';
import type { EventListener } from './listeners.js';
import type { ListenOn } from './options.js';

/** A server inside a program. */
export interface Server {
  /**
   * Serves on one more address, and resolves with the server itself once it does.
   * @throws Fault with a sentence that says what is in the way
   */
  listen(where?: ListenOn): Promise<Server>;
  /**
   * The port of the first address. Like what follows it is known once the server listens, and stays known when it is
   * closed.
   * @throws Fault before, and where it was closed without ever listening
   */
  readonly port: number;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** The best public host key, `ssh-ed25519 AAAA...`: what a line of known_hosts ends with. */
  readonly hostKey: string;
  /** Of that key: `SHA256:...`, as clients show it. */
  readonly fingerprint: string;
  /** Whole lines for a client's known_hosts file, for each address and key. */
  readonly knownHosts: readonly string[];
  /** Calls the listener at each event of that name. One that throws harms nobody; the process warns of it once. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): this;
  /** As `on`, for the next event of that name only. */
  once<Name extends EventName>(name: Name, listener: EventListener<Name>): this;
  off<Name extends EventName>(name: Name, listener: EventListener<Name>): this;
  /** Calls the listener at every event; returns the way out. */
  subscribe(listener: Listener): () => void;
  /** Who is logged in now. */
  sessions(): readonly ServerSession[];
  /**
   * Accepts no more, gives running requests the time to finish, ends every session, and lets go of all that would keep
   * the process alive. Called again, it ends at once what is left.
   * @param options.grace milliseconds for running requests; `stop.grace` of the settings, or 500, if absent
   * @throws Fault `busy` where there are requests that cannot be ended: they hang in a disk, or in the program's `Vfs`
   */
  close(options?: { readonly grace?: number }): Promise<void>;
  /** As `close()`, at the end of a block that has it by `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** One logged-in connection. */
export type ServerSession = Pick<
  LiveSession,
  'id' | 'account' | 'address' | 'client' | 'since' | 'method' | 'fingerprint' | 'close'
>;
