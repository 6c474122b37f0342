import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.js';
import { isPeerName, newPeerName } from '../quota/peer-name.js';
import type { Answering, Channel, Peers } from '../quota/peers.js';
import { shortFolder, type ShortName } from '../socket-name.js';
import { defaultPatience } from './conversation.js';
import { greet } from './greeting.js';

/** Milliseconds between tries to reach a peer that lives and takes no connection. */
const again = 20;
const suffix = '.sock';

export interface PeersOptions {
  /** Where the sockets of the root lie, `var/peers/`; made when it is missing. */
  readonly folder: string;
  /** Milliseconds that a connection, or a question that says nothing else, waits; 5000 unless told. */
  readonly patience?: number;
  /** What names are made from, in tests. */
  readonly random?: (bytes: number) => Buffer;
}

/**
 * Joins the processes of a root: from now on the others see its socket, `NAME.sock`. It appears only once it accepts
 * connections, so that one which refuses them is dead for good; a pid says nothing, it may be somebody else's by now.
 * @throws Error when the folder cannot be made or written
 */
export async function openPeers(options: PeersOptions): Promise<Peers> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const folder = shortFolder(options.folder);
  try {
    chmodSync(folder.name, 0o700);
    let self = newPeerName(options.random);
    while (existsSync(socketOf(folder, self))) self = newPeerName(options.random);
    const peers = new SocketPeers(folder, self, options.patience ?? defaultPatience);
    await peers.listen();
    return peers;
  } catch (thrown) {
    folder.close();
    throw thrown;
  }
}

function socketOf(folder: ShortName, peer: string): string {
  return `${folder.name}/${peer}${suffix}`;
}

class SocketPeers implements Peers {
  readonly self: string;
  /** Held open: whoever moves the root makes nobody look dead. */
  readonly #folder: ShortName;
  readonly #patience: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #channels = new Map<string, Promise<Channel>>();
  #answering: Answering | null = null;
  #closed: Promise<void> | null = null;

  constructor(folder: ShortName, self: string, patience: number) {
    this.self = self;
    this.#folder = folder;
    this.#patience = patience;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    const newborn = `${this.#folder.name}/${this.self}.new`;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      // Exclusive: a worker of a cluster would have it bound by its primary, which has other descriptors.
      this.#server.listen({ path: newborn, exclusive: true }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    // Too many open files: whoever connects tries again.
    this.#server.on('error', () => undefined);
    this.#server.unref();
    try {
      chmodSync(newborn, 0o600);
      renameSync(newborn, socketOf(this.#folder, this.self));
    } catch (thrown) {
      this.#server.close();
      throw thrown;
    }
  }

  async others(): Promise<readonly string[]> {
    if (this.#closed !== null) return [];
    const files = await readdir(this.#folder.name);
    return files
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length))
      .filter((name) => isPeerName(name) && name !== this.self);
  }

  connect(peer: string): Promise<Channel> {
    if (this.#closed !== null) return Promise.reject(new Fault('cancelled'));
    if (peer === this.self) return Promise.reject(new Fault('invalid', 'a process does not ask itself'));
    let channel = this.#channels.get(peer);
    if (channel === undefined) {
      channel = this.#reach(peer);
      this.#channels.set(peer, channel);
      const forget = (): unknown => this.#channels.delete(peer);
      channel.then(({ gone }) => gone.then(forget), forget);
    }
    return channel;
  }

  answer(answering: Answering): void {
    this.#answering = answering;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // First: a socket that can be seen accepts, or its process has died.
    rmSync(socketOf(this.#folder, this.self), { force: true });
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#folder.close();
  }

  #accept(socket: Socket): void {
    socket.unref();
    const timer = setTimeout(() => socket.destroy(), this.#patience).unref();
    const greeted = (): void => clearTimeout(timer);
    this.#greet(socket, null).then(greeted, greeted);
  }

  #greet(socket: Socket, expected: string | null): Promise<Channel> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const answering = (): Answering | null => this.#answering;
    return greet(socket, { self: this.self, expected, answering, patience: this.#patience });
  }

  async #reach(peer: string): Promise<Channel> {
    if (!isPeerName(peer)) throw dead();
    const until = performance.now() + this.#patience;
    for (;;) {
      const channel = await this.#try(peer, until - performance.now());
      if (channel !== null) return channel;
      if (performance.now() + again > until) throw new Fault(this.#closed === null ? 'busy' : 'cancelled');
      await delay(again);
      if (this.#closed !== null) throw new Fault('cancelled');
    }
  }

  /** @returns `null` when it lives, but does not greet. @throws Fault `not-found` when it is dead */
  async #try(peer: string, patience: number): Promise<Channel | null> {
    const socket = createConnection({ path: socketOf(this.#folder, peer), allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), patience);
    try {
      return await this.#greet(socket, peer);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED' && code !== 'ENOENT') return null;
      this.#bury(peer);
      throw dead(thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  /** No name is used twice: what refused once is nobody's any more. */
  #bury(peer: string): void {
    try {
      unlinkSync(socketOf(this.#folder, peer));
    } catch {
      // Somebody else did, or the folder is not ours to write: it is dead all the same.
    }
  }
}

function dead(cause?: unknown): Fault {
  return new Fault('not-found', 'there is no such process', { cause });
}
