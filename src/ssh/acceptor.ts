import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { Fault } from '../fault.js';
import type { Timers } from './timers.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface AcceptorOptions {
  readonly timers: Timers;
  accepted(socket: Socket): void;
  paused(reason: string): void;
  resumed(pausedSeconds: number): void;
}

/** Milliseconds between two looks whether descriptors are free again. */
const retry = 1000;

/** What accept answers when the process or the host has no more to give. */
const exhausted: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/**
 * Listens on one address, and stops to while descriptors are short: those that are left belong to the files of the
 * sessions that are there. Without that, libuv accepts and closes every newcomer in silence.
 */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #maxDescriptors = maxDescriptors();
  #server: Server | null = null;
  #address: Address = { host: '', port: 0 };
  #cancel: () => void = () => undefined;
  #pausedAt: number | null = null;
  #closed = false;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  get address(): Address {
    return this.#address;
  }

  /** @throws Fault, with a sentence that says what is in the way */
  async listen(wanted: Address): Promise<Address> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, wanted)));
      server.listen(wanted.port, wanted.host, () => {
        server.removeAllListeners('error');
        server.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
        resolve();
      });
    });
    if (this.#closed) {
      server.close();
      throw new Fault('cancelled');
    }
    this.#server = server;
    const bound = server.address();
    this.#address = {
      host: wanted.host,
      port: typeof bound === 'object' && bound ? bound.port : wanted.port,
    };
    return this.#address;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#server?.close();
    this.#server = null;
  }

  #accept(socket: Socket): void {
    const used = descriptorsUsed();
    if (used > this.#maxDescriptors - reserve(this.#maxDescriptors)) {
      socket.on('error', () => undefined);
      socket.destroy();
      this.#pause(`${used} of ${this.#maxDescriptors} file descriptors are in use`);
      return;
    }
    this.#options.accepted(socket);
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (exhausted.has(error.code ?? '')) this.#pause(error.message);
  }

  #pause(reason: string): void {
    if (this.#pausedAt !== null || this.#closed) return;
    this.#pausedAt = this.#options.timers.now();
    this.#server?.close();
    this.#server = null;
    this.#options.paused(reason);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#cancel = this.#options.timers.after(retry, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    const roomy = this.#maxDescriptors - 2 * reserve(this.#maxDescriptors);
    try {
      if (descriptorsUsed() > roomy) throw new Fault('too-many');
      await this.listen(this.#address);
    } catch {
      if (!this.#closed) this.#retryLater();
      return;
    }
    const since = this.#pausedAt ?? 0;
    this.#pausedAt = null;
    this.#options.resumed((this.#options.timers.now() - since) / 1000);
  }
}

/** Descriptors that new connections may not have. */
function reserve(max: number): number {
  return Math.min(64, Math.floor(max / 8));
}

/** The kernel gives the lowest free number, which therefore tells how many are in use; cheap enough for each accept. */
function descriptorsUsed(): number {
  try {
    const descriptor = openSync('/dev/null', 'r');
    closeSync(descriptor);
    return descriptor;
  } catch {
    return Infinity;
  }
}

function maxDescriptors(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

/** What stands in the way of listening, in words for whoever started the server. */
export function listenFault(error: NodeJS.ErrnoException, { host, port }: Address): Fault {
  const options = { cause: error };
  switch (error.code ?? '') {
    case 'EADDRINUSE':
      return new Fault(
        'busy',
        `port ${port} on ${host} is taken: another program listens there; stop it, or choose another port`,
        options,
      );
    case 'EACCES':
      return new Fault(
        'denied',
        `port ${port} on ${host} needs a privilege: choose one above 1023, or give the service CAP_NET_BIND_SERVICE`,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Fault('invalid', `${host} is not an address of this machine`, options);
    default:
      return new Fault('failure', `cannot listen on ${host} port ${port}: ${error.message}`, options);
  }
}
