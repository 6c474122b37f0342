import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { systemTimers, type Timers } from '../ssh/timers.js';
import type { Link } from './link.js';
import { Way } from './way.js';

const loopback = '127.0.0.1';

/**
 * Milliseconds from the last bytes that pass to the reset. A reader that finds both at once is told by libuv of an end
 * in order, and not of a reset.
 */
const apart = 20;

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
  readonly #timers: Timers;
  readonly #pairs = new Set<Pair>();
  /** Called when no connection is left. */
  #idle: () => void = () => undefined;

  constructor(options: RelayOptions) {
    this.#timers = options.timers ?? systemTimers;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      const pair = new Pair(client, options, () => this.#gone(pair));
      this.#pairs.add(pair);
    });
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Listens, and gives the port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      // Later on nobody waits for it: connections that cannot be accepted are not there, and the next one is tried.
      this.#server.on('error', reject);
      this.#server.listen(0, loopback, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every connection there is. */
  cut(): void {
    for (const pair of [...this.#pairs]) pair.reset();
  }

  /** Takes no more connections. However the server ends from here on, clients are told of an end in order. */
  part(): void {
    this.#server.close();
    for (const pair of this.#pairs) pair.part();
  }

  /** Ends the connections that are there; those that do not end by themselves after so many milliseconds. */
  async close(graceMs: number): Promise<void> {
    this.part();
    const ended = new Promise<void>((resolve) => (this.#idle = resolve));
    const destroyAll = (): void => {
      for (const pair of [...this.#pairs]) pair.destroy();
    };
    if (graceMs === 0) destroyAll();
    if (this.#pairs.size === 0) return;
    const cancel = this.#timers.after(graceMs, destroyAll);
    await ended;
    cancel();
  }

  #gone(pair: Pair): void {
    this.#pairs.delete(pair);
    if (this.#pairs.size === 0) this.#idle();
  }
}

/** A client's connection and the one to the server that belongs to it. */
class Pair {
  readonly #client: Socket;
  #server: Socket | null = null;
  #ways: readonly Way[] = [];
  #over = false;
  #parting = false;
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

  part(): void {
    this.#parting = true;
  }

  /** What happens to one of the two happens to the other. */
  #guard(socket: Socket): void {
    socket.on('error', () => {
      if (this.#parting && socket === this.#server) this.#leaveClient();
      else this.reset();
    });
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

  /** Reads what the client still says: closed with bytes unread, a socket resets. */
  #leaveClient(): void {
    for (const way of this.#ways) way.close();
    this.#client.resume();
    this.#client.end();
  }

  reset(): void {
    this.#end((socket) => {
      // libuv refuses to reset what is just being shut down, and Node then never closes it: the descriptor stays, and the
      // process cannot end.
      if (socket.writableEnded && !socket.writableFinished) socket.destroy();
      else socket.resetAndDestroy();
    });
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
