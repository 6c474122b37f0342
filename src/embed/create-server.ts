import { formatAddress, type Address } from '../config/address.js';
import { Fault } from '../fault.js';
import { liveSessions } from '../live.js';
import { createEvents, type EventName, type Events, type Listener } from '../observe/events.js';
import { formatPublicKey, type PublicKey } from '../publickey/public-key.js';
import { Listeners, type EventListener } from './listeners.js';
import type { ListenOn, ServerOptions } from './options.js';
import { listenAddress, serverPlan, type ServerPlan } from './server-plan.js';
import type { Server, ServerSession } from './server.js';
import { start, type Running, type Seams } from './start.js';
import { version } from './version.js';

/**
 * An SFTP server inside a program. It begins with `listen`: until then it has no socket, file, timer or thread. So it is
 * `listen` that refuses what is wrong with folders, and with the files in the folder of keys.
 * @throws Fault `invalid` with a sentence, when an option is wrong or unknown
 */
export function createServer(options: ServerOptions): Server {
  return createServerWith(options, {});
}

/** The same with seams, which nobody outside this package sees. */
export function createServerWith(options: ServerOptions, seams: Seams): Server {
  return new EmbeddedServer(serverPlan(options), seams);
}

class EmbeddedServer implements Server {
  readonly #plan: ServerPlan;
  readonly #seams: Seams;
  readonly #events: Events = createEvents();
  readonly #listeners = new Listeners(this.#events);
  readonly #live = liveSessions();
  #starting: Promise<Running> | null = null;
  #running: Running | null = null;
  #started = false;
  /** Calls of `listen` that are under way. */
  #listening = 0;
  #closing: Promise<void> | null = null;

  constructor(plan: ServerPlan, seams: Seams) {
    this.#plan = plan;
    this.#seams = seams;
  }

  async listen(where: ListenOn = 0): Promise<this> {
    const address = listenAddress(where);
    if (this.#closing) throw closed();
    this.#listening++;
    try {
      const { server } = await this.#begun();
      const bound = await server.listen(address);
      if (!this.#started) this.#tellStarted(bound);
      return this;
    } finally {
      // Nothing may keep a process alive whose server could not listen.
      if (--this.#listening === 0 && this.addresses.length === 0) await this.#end();
    }
  }

  get addresses(): readonly Address[] {
    return this.#running?.server.addresses() ?? [];
  }

  get port(): number {
    const [first] = this.addresses;
    return first?.port ?? this.#notYet();
  }

  get hostKey(): string {
    return formatPublicKey(this.#bestKey());
  }

  get fingerprint(): string {
    return this.#bestKey().fingerprint;
  }

  get knownHosts(): readonly string[] {
    const { hostKeys } = this.#running ?? this.#notYet();
    return this.addresses.flatMap(({ host, port }) => hostKeys().knownHosts(host, port));
  }

  on<Name extends EventName>(name: Name, listener: EventListener<Name>): this {
    this.#listeners.on(name, listener, false);
    return this;
  }

  once<Name extends EventName>(name: Name, listener: EventListener<Name>): this {
    this.#listeners.on(name, listener, true);
    return this;
  }

  off<Name extends EventName>(name: Name, listener: EventListener<Name>): this {
    this.#listeners.off(name, listener);
    return this;
  }

  subscribe(listener: Listener): () => void {
    return this.#listeners.subscribe(listener);
  }

  sessions(): readonly ServerSession[] {
    return this.#live
      .list()
      .map(({ id, account, address, client, since, method, fingerprint, ...session }) => ({
        ...{ id, account, address, client, since, method, fingerprint },
        close: (reason) => session.close(reason),
      }));
  }

  async close({ grace = this.#plan.grace }: { readonly grace?: number } = {}): Promise<void> {
    if (this.#closing) {
      void this.#running?.server.stop(0).catch(() => undefined);
      return this.#closing;
    }
    this.#closing = this.#close(grace);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(grace: number): Promise<void> {
    const running = await this.#starting?.catch(() => null);
    if (!running) return;
    this.#events.emit('server.stopping', { reason: 'the program closes it' });
    let clean = false;
    try {
      await running.server.stop(grace);
      clean = true;
    } finally {
      this.#events.emit('server.stopped', { clean });
    }
  }

  #begun(): Promise<Running> {
    this.#starting ??= start(this.#plan, this.#seams, this.#events, this.#live).then(
      (running) => (this.#running = running),
      (thrown: unknown) => {
        this.#starting = null;
        throw thrown;
      },
    );
    return this.#starting;
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    this.#starting = null;
    try {
      await running?.server.stop(0);
    } catch (thrown) {
      // Thrown, it would stand in place of the reason why the server cannot listen.
      this.#events.emit('server.warning', { message: `what began could not be ended: ${String(thrown)}` });
    }
  }

  #tellStarted(bound: Address): void {
    this.#started = true;
    this.#events.emit('server.started', {
      listening: [formatAddress(bound)],
      root: this.#plan.homes ?? '',
      version,
    });
  }

  #bestKey(): PublicKey {
    const [best] = (this.#running ?? this.#notYet()).hostKeys().keys;
    return best ? { ...best, comment: '' } : this.#notYet();
  }

  #notYet(): never {
    if (this.#closing) throw closed();
    throw new Fault('invalid', 'the server does not listen yet: await its listen() first');
  }
}

function closed(): Fault {
  return new Fault('cancelled', 'the server was closed');
}
