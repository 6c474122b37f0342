import type { EventListener } from '../embed/listeners.js';
import type { Server } from '../embed/server.js';
import type { EventName } from '../observe/events.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Faults } from './faults.js';
import { namesIn, readWhole, writeWhole } from './home-contents.js';
import type { Relay } from './relay.js';
import type { TestServer } from './test-server.js';

export interface LoopbackParts extends Pick<
  TestServer,
  'port' | 'user' | 'password' | 'vfs' | 'faults' | 'requests'
> {
  readonly server: Server;
  readonly relay: Relay;
}

/** Milliseconds in which clients can read the last of what they were sent, and leave. */
const hearing = 50;

/** What `startTestServer` gives: a server, the relay in front of it, and what was made round them. */
export class LoopbackServer implements TestServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly url: string;
  readonly hostKey: string;
  readonly fingerprint: string;
  readonly vfs: Vfs;
  readonly faults: Faults;
  readonly requests: TestServer['requests'];
  readonly #server: Server;
  readonly #relay: Relay;
  #closing: Promise<void> | null = null;

  constructor({ server, relay, port, user, password, vfs, faults, requests }: LoopbackParts) {
    this.#server = server;
    this.#relay = relay;
    this.port = port;
    this.user = user;
    this.password = password;
    const login = [user, ...(password === '' ? [] : [password])].map(encodeURIComponent).join(':');
    this.url = `sftp://${login}@${this.host}:${port}`;
    this.hostKey = server.hostKey;
    this.fingerprint = server.fingerprint;
    this.vfs = vfs;
    this.faults = faults;
    this.requests = requests;
  }

  read(path: string): Promise<Buffer> {
    return readWhole(this.vfs, path);
  }

  write(path: string, data: string | Uint8Array): Promise<void> {
    return writeWhole(this.vfs, path, data);
  }

  list(path: string): Promise<string[]> {
    return namesIn(this.vfs, path);
  }

  on<Name extends EventName>(name: Name, listener: EventListener<Name>): this {
    this.#server.on(name, listener);
    return this;
  }

  once<Name extends EventName>(name: Name, listener: EventListener<Name>): this {
    this.#server.once(name, listener);
    return this;
  }

  off<Name extends EventName>(name: Name, listener: EventListener<Name>): this {
    this.#server.off(name, listener);
    return this;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // What is delayed or stalled would be waited for.
    this.faults.clear();
    this.#relay.part();
    try {
      await this.#server.close({ grace: 0 });
    } finally {
      // The server has said good-bye, and clients are to hear it.
      await this.#relay.close(hearing);
    }
  }
}
