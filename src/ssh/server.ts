import type { Socket } from 'node:net';
import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { Acceptor, type Address } from './acceptor.js';
import { algorithmsOf, type Algorithms } from './algorithms.js';
import { Connection, type ConnectionOptions } from './connection.js';
import type { HostKeys } from './host-keys.js';
import { cryptoReady } from './internals.js';
import { PendingConnections, Rate, sourceOf } from './limits.js';
import { systemTimers, type Timers } from './timers.js';
import { WindowGrowth } from './window-budget.js';

export interface SshServerOptions extends Omit<
  ConnectionOptions,
  'algorithms' | 'hostKeys' | 'timers' | 'output' | 'input' | 'growth'
> {
  /** Asked for each connection, which keeps what it got for all its key exchanges. */
  readonly hostKeys: () => HostKeys;
  /** The process's budget of replies and of input, above those of each connection. */
  readonly output?: ConnectionOptions['output'];
  readonly input?: ConnectionOptions['input'];
  readonly timers?: Timers;
}

export interface SshServer {
  /**
   * Listens on one more address; port 0 picks one.
   * @throws Fault, with a sentence that says what is in the way
   */
  listen(address: Address): Promise<Address>;
  /**
   * Accepts no more and lets the channels finish what they took, for `grace` milliseconds. Called again, it ends
   * everything at once.
   */
  close(grace: number): Promise<void>;
  addresses(): readonly Address[];
  readonly connections: number;
}

/** Refusals that are told in one second; a flood of them must not become a flood of log lines. */
const refusalsPerSecond = 10;

/**
 * The SSH server: its own accept loop over ssh2's transport.
 * @throws Fault `invalid` when the settings name algorithms that do not exist
 */
export function createSshServer(options: SshServerOptions): SshServer {
  const timers = options.timers ?? systemTimers;
  const { events } = options;
  const pending = new PendingConnections();
  const growth = new WindowGrowth();
  const connections = new Set<Connection>();
  const acceptors = new Set<Acceptor>();
  const told = new Rate(refusalsPerSecond, timers);
  let untold = 0;
  let allClosed: (() => void) | null = null;
  let stopping = false;

  let compiled: {
    readonly settings: Settings;
    readonly hostKeys: HostKeys;
    readonly algorithms: Algorithms;
  } | null = null;
  const offered = (): { readonly hostKeys: HostKeys; readonly algorithms: Algorithms } => {
    const settings = options.settings();
    const hostKeys = options.hostKeys();
    if (compiled?.settings !== settings || compiled.hostKeys !== hostKeys) {
      compiled = { settings, hostKeys, algorithms: algorithmsOf(settings, hostKeys.algorithms) };
    }
    return compiled;
  };
  offered();

  const refuse = (socket: Socket, address: string, reason: string): void => {
    socket.on('error', () => undefined);
    socket.destroy();
    if (!told.take()) {
      untold++;
      return;
    }
    const others = untold > 0 ? `; ${untold} more were refused` : '';
    untold = 0;
    events.emit('connection.refused', { address, reason: reason + others });
  };

  const accepted = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress);
    // It may be gone already.
    if (address === '') {
      socket.destroy();
      return;
    }
    const source = sourceOf(address);
    const settings = options.settings();
    const reason = pending.admit(source, {
      total: settings['login.pending'],
      perSource: settings['login.pendingPerAddress'],
    });
    if (reason !== null) {
      refuse(socket, address, reason);
      return;
    }
    let isPending = true;
    const settled = (): void => {
      if (isPending) pending.release(source);
      isPending = false;
    };
    try {
      connect(socket, address, settled);
    } catch (thrown) {
      settled();
      refuse(socket, address, `it cannot be served: ${String(thrown)}`);
    }
  };

  const connect = (socket: Socket, address: string, settled: () => void): void => {
    const { hostKeys, algorithms } = offered();
    const connection: Connection = new Connection(
      {
        socket,
        address,
        entrance: { host: hostToType(plainAddress(socket.localAddress)), port: socket.localPort ?? 0 },
        loggedIn: settled,
        closed: () => {
          settled();
          connections.delete(connection);
          if (connections.size === 0) allClosed?.();
        },
      },
      {
        ...options,
        hostKeys,
        algorithms,
        timers,
        growth,
        output: options.output ?? null,
        input: options.input ?? null,
      },
    );
    connections.add(connection);
    connection.start();
  };

  const hasStopped = (): boolean => stopping;
  const stopped = (): Fault => new Fault('cancelled', 'the server is stopping');

  return {
    async listen(address) {
      if (hasStopped()) throw stopped();
      await cryptoReady;
      const acceptor = new Acceptor({
        timers,
        accepted,
        paused: (reason) => events.emit('accept.paused', { reason }),
        resumed: (pausedSeconds) => events.emit('accept.resumed', { pausedSeconds }),
      });
      const bound = await acceptor.listen(address);
      if (hasStopped()) {
        acceptor.close();
        throw stopped();
      }
      acceptors.add(acceptor);
      return bound;
    },
    async close(grace) {
      for (const acceptor of acceptors) acceptor.close();
      const again = stopping;
      stopping = true;
      const destroyAll = (): void => {
        for (const connection of connections) connection.destroy('the server stopped');
      };
      if (again || grace <= 0) destroyAll();
      for (const connection of [...connections]) connection.drain();
      if (connections.size === 0) return;
      await new Promise<void>((resolve) => {
        const before = allClosed;
        const cancel = timers.after(grace, destroyAll);
        allClosed = () => {
          cancel();
          before?.();
          resolve();
        };
      });
    },
    addresses: () => Array.from(acceptors, ({ address }) => address),
    get connections() {
      return connections.size;
    },
  };
}

/** Without the clothes that IPv6 sockets put on IPv4 addresses. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}

/** As `sftp` wants it behind the `@`. */
function hostToType(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
