import type { AccountOptions, EmbeddedSettings } from '../embed/options.js';
import type { EventListener } from '../embed/listeners.js';
import type { EventName } from '../observe/events.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Faults } from './faults.js';
import type { RequestRecord } from './request-record.js';

export interface TestServerOptions {
  /** `alice` if absent. */
  readonly user?: string;
  /** `secret` if absent. */
  readonly password?: string;
  /** More accounts, or that of `user` in other words. They share the one home unless they say otherwise. */
  readonly accounts?: Readonly<Record<string, AccountOptions>>;
  /** What the home holds at the start, by path; folders above them are made. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The home; a new one in memory if absent. */
  readonly vfs?: Vfs;
  /** As for `createServer`. */
  readonly settings?: EmbeddedSettings;
  /** A private key as text, to have the same at each start; a new one if absent. */
  readonly hostKey?: string | Buffer;
  /** How the server names its software to clients; some behave otherwise with others. */
  readonly ident?: string;
  /** Requests that are kept in the record; 10,000 if absent. */
  readonly keepRequests?: number;
}

/** A real server on the loopback address, for tests of clients. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Empty where `accounts` has the user without a `password`: it logs in by a key, say. */
  readonly password: string;
  /** `sftp://alice:secret@127.0.0.1:40213`; without a password `sftp://alice@127.0.0.1:40213` */
  readonly url: string;
  /** `ssh-ed25519 AAAA...`, as it was at the start, whatever the faults show. */
  readonly hostKey: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
  /** The home. */
  readonly vfs: Vfs;
  readonly faults: Faults;
  /** What clients asked, in the order in which it was taken up. */
  readonly requests: RequestRecord;
  /** A file of the home. @throws Fault */
  read(path: string): Promise<Buffer>;
  /** Makes a file, or puts other bytes into it; folders above it are made. @throws Fault */
  write(path: string, data: string | Uint8Array): Promise<void>;
  /** The names in a folder, in order. @throws Fault */
  list(path: string): Promise<string[]>;
  /** Calls at each event of that name, as `createServer`'s servers do. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): this;
  once<Name extends EventName>(name: Name, listener: EventListener<Name>): this;
  off<Name extends EventName>(name: Name, listener: EventListener<Name>): this;
  /** Ends every connection at once, and leaves nothing open. */
  close(): Promise<void>;
}
