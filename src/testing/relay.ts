import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { systemTimers, type Timers } from '../ssh/timers.js';
import type { Link } from './link.js';
import { Way } from './way.js';

const loopback = '127.0.0.1';

/**
 * Milliseconds from the last bytes that pass to the reset. Where both come at once, libuv tells the reader of an end in
 * order and not of a reset.
 */
const apart = 5;

export interface RelayOptions {
  readonly link: Link;
  /** The port on this host that a new connection leads to. */
  readonly target: () => number | Promise<number>;
  readonly timers?: Timers;
}

/**
 * Stands in front of a server on the loopback address, with every connection's bytes going through it untouched: where
 * the faults of a link are made. What it holds is bounded, and whoever sends more waits.
 */
export class Relay {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  constructor(options: RelayOptions) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      const pair = new Pair(client, options, () => void this.#pairs.delete(pair));
      this.#pairs.add(pair);
    });
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Listens, and gives the port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, loopback, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every connection there is. */
  cut(): void {
    for (const pair of [...this.#pairs]) pair.reset();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const pair of [...this.#pairs]) pair.destroy();
    await closed;
  }
}

/** A client's connection and the one to the server that belongs to it. */
class Pair {
  readonly #client: Socket;
  #server: Socket | null = null;
  #ways: readonly Way[] = [];
  #over = false;
  #cancel: () => void = () => undefined;
  readonly #ended: () => void;

  constructor(client: Socket, options: RelayOptions, ended: () => void) {
    this.#client = client;
    this.#ended = ended;
    this.#guard(client);
    void this.#join(options);
  }

  async #join({ target, link, timers = systemTimers }: RelayOptions): Promise<void> {
    let port: number;
    try {
      port = await target();
    } catch {
      this.reset();
      return;
    }
    if (this.#over) return;
    const client = this.#client;
    const server = connect({ host: loopback, port, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    this.#guard(server);
    const common = { link, timers, cut: () => this.#cut(timers) };
    this.#ways = [
      new Way({ ...common, direction: 'up', from: client, to: server }),
      new Way({ ...common, direction: 'down', from: server, to: client }),
    ];
    client.resume();
  }

  /** What happens to one of the two happens to the other. */
  #guard(socket: Socket): void {
    socket.on('error', () => this.reset());
    socket.on('close', () => this.#closed());
  }

  #closed(): void {
    const server = this.#server;
    if (server && !this.#over) {
      // One that ended in order has given all it had; the other may still be writing it.
      if (this.#client.destroyed && server.destroyed) this.destroy();
      return;
    }
    this.destroy();
  }

  /** Nothing passes from here on, in neither direction. */
  #cut(timers: Timers): void {
    for (const way of this.#ways) way.close();
    this.#cancel = timers.after(apart, () => this.reset());
  }

  reset(): void {
    this.#end((socket) => socket.resetAndDestroy());
  }

  destroy(): void {
    this.#end((socket) => socket.destroy());
  }

  #end(how: (socket: Socket) => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    for (const way of this.#ways) way.close();
    how(this.#client);
    if (this.#server) how(this.#server);
    this.#ended();
  }
}
