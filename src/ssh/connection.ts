import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Authenticator, Login } from '../auth/authenticator.js';
import type { Settings } from '../config/settings.js';
import { Fault, toFault } from '../fault.js';
import type { LiveSession, LiveSessions } from '../live.js';
import type { Events } from '../observe/events.js';
import { Budget } from '../channel/budget.js';
import { Malformed } from '../wire/malformed.js';
import type { Algorithms } from './algorithms.js';
import type { Channel } from './channel.js';
import { CorkedSocket } from './corked-socket.js';
import type { HostKeys } from './host-keys.js';
import { Rate, sourceOf } from './limits.js';
import { LoggedIn, type Entrance } from './logged-in.js';
import { disconnectCode, fieldsOf, message, serverOnly, Violation, type DisconnectCode } from './messages.js';
import { Rekey } from './rekey.js';
import type { SessionInfo, SshServices } from './services.js';
import type { Timers } from './timers.js';
import { Transport } from './transport.js';
import { UserAuth } from './user-auth.js';
import type { WindowGrowth } from './window-budget.js';

/** Channel output that may wait for the kernel; the rest waits in the channels. */
const maxSocketOutput = 1024 * 1024;

/** With more than this unsent nothing is read: only the answers to control messages can have grown so far. */
const maxControlOutput = 2 * maxSocketOutput;

/** Milliseconds that a peer gets to read a good-bye. */
const farewell = 1000;

export interface ConnectionOptions {
  readonly hostKeys: HostKeys;
  readonly algorithms: Algorithms;
  /** Without `SSH-2.0-`. */
  readonly ident: string;
  readonly settings: () => Settings;
  readonly authenticator: Authenticator;
  readonly events: Events;
  readonly live: LiveSessions;
  readonly timers: Timers;
  /** The process's budgets, above those of each connection. */
  readonly output: Budget | null;
  readonly input: Budget | null;
  /** How far the windows of all its channels have grown. */
  readonly growth: WindowGrowth;
  readonly greet: (login: Login, info: SessionInfo) => Promise<SshServices>;
}

export interface Arrival {
  readonly socket: Socket;
  readonly address: string;
  readonly entrance: Entrance;
  /** It is logged in, and counts no longer as pending. */
  loggedIn(): void;
  /** Called once. */
  closed(): void;
}

/** One SSH connection from accept to end: joins transport, login and channels, and sees to it that it ends. */
export class Connection {
  readonly id = randomBytes(5).toString('hex');
  readonly #arrival: Arrival;
  readonly #options: ConnectionOptions;
  readonly #output: CorkedSocket;
  readonly #transport: Transport;
  readonly #auth: UserAuth;
  readonly #rekey: Rekey;
  readonly #rate: Rate;
  readonly #openedAt: number;
  readonly #toFlush = new Set<Channel>();
  #flushAll = false;
  #cancelTimer: () => void;
  #client = '';
  #login: Login | null = null;
  #live: LiveSession | null = null;
  #loggedIn: LoggedIn | null = null;
  /** Why the connection is ending, once it is. */
  #ending: string | null = null;
  #gone = false;

  constructor(arrival: Arrival, options: ConnectionOptions) {
    const { timers, events } = options;
    const { socket, address } = arrival;
    const settings = options.settings();
    this.#arrival = arrival;
    this.#options = options;
    this.#openedAt = timers.now();
    this.#rate = new Rate(settings['login.packetsPerSecond'], timers);
    this.#output = new CorkedSocket(socket, () => this.#guard(() => this.#beforeFlush()));
    this.#rekey = new Rekey({
      bytes: settings['rekey.bytes'],
      interval: settings['rekey.interval'],
      grace: settings['rekey.grace'],
      timers,
      start: () => this.#guard(() => this.#transport.rekey()),
      overdue: () => this.destroy('a key exchange did not end'),
    });
    this.#transport = new Transport(
      { ...options, output: this.#output },
      {
        identified: (ident) => (this.#client = ident),
        packet: () => this.#packet(),
        message: (type, bytes) => this.#message(type, bytes),
        exchangeBegun: () => this.#rekey.begun(this.#moved),
        exchangeEnded: () => this.#exchangeEnded(),
        broken: (reason) => this.destroy(reason),
        guard: (run) => this.#guard(run),
      },
    );
    this.#auth = new UserAuth({
      authenticator: options.authenticator,
      peer: { address, connection: this.id, source: sourceOf(address) },
      tries: settings['login.tries'],
      sessionId: () => this.#transport.sessionId,
      guard: (run) => this.#guard(run),
      send: (bytes) => this.#transport.send(bytes),
      refuse: (code, sentence) => this.end(sentence, code),
      failed: (attempt) => events.emit('login.failed', { connection: this.id, address, ...attempt }),
      granted: (login, accept) => void this.#granted(login, accept),
    });
    this.#cancelTimer = timers.after(settings['login.grace'], () => this.destroy('not logged in in time'));
    // An error without a listener would end the process.
    socket.on('error', (error) => this.destroy(error.message));
    socket.on('close', () => this.destroy('the connection was cut'));
    socket.on('end', () => this.destroy('the client closed the connection'));
    socket.on('drain', () => this.#guard(() => this.#drained()));
    socket.on('data', (chunk: Buffer) => this.#guard(() => this.#received(chunk)));
  }

  /** Sends our identification; the rest is up to the client. */
  start(): void {
    const { address } = this.#arrival;
    this.#options.events.emit('connection.opened', { connection: this.id, address });
    this.#guard(() => this.#transport.start());
  }

  /** Serves nothing any more, and says good-bye with a sentence; the socket closes a second later at the latest. */
  end(sentence: string, code: DisconnectCode = disconnectCode.byApplication): void {
    if (this.#ending !== null || this.#gone) return;
    this.#ending = sentence;
    this.#auth.close();
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timers.after(farewell, () => this.destroy(sentence));
    this.#guard(() => {
      this.#loggedIn?.say(sentence);
      this.#transport.disconnect(code, sentence);
      this.#arrival.socket.end();
      // What the peer still sends is read and dropped: left unread, it would make the kernel discard the good-bye.
      this.#arrival.socket.resume();
    });
    // Not when the socket closes: what was asked for and waits must not be carried out meanwhile (A3).
    this.#leave();
  }

  /** Takes no more requests, and ends when those that run are answered. */
  drain(): void {
    const loggedIn = this.#loggedIn;
    if (loggedIn) this.#guard(() => loggedIn.drain());
    else this.end('the server is stopping');
  }

  /** Ends the connection now, synchronously: after an error ssh2 would go on with what an attacker sends next. */
  destroy(reason: string): void {
    if (this.#gone) return;
    this.#gone = true;
    const { events, timers } = this.#options;
    const { socket, address } = this.#arrival;
    this.#output.flush();
    socket.destroy();
    this.#cancelTimer();
    this.#rekey.close();
    this.#auth.close();
    this.#transport.close();
    this.#leave();
    this.#arrival.closed();
    events.emit('connection.closed', {
      connection: this.id,
      address,
      account: this.#login?.account.name ?? null,
      seconds: (timers.now() - this.#openedAt) / 1000,
      bytesIn: socket.bytesRead,
      bytesOut: this.#output.bytesWritten,
      reason: this.#ending ?? reason,
    });
  }

  #leave(): void {
    if (this.#live) this.#options.live.remove(this.#live);
    this.#loggedIn?.close();
  }

  get #moved(): number {
    return this.#arrival.socket.bytesRead + this.#output.bytesWritten;
  }

  #received(chunk: Buffer): void {
    if (this.#gone || this.#ending !== null) return;
    this.#transport.receive(chunk);
    this.#countForRekey();
    const { unsent } = this.#output;
    if (this.#loggedIn) {
      if (unsent > maxControlOutput) this.#arrival.socket.pause();
    } else if (unsent > this.#options.settings()['login.unsentBytes']) {
      throw new Violation('does not read what it is sent');
    }
  }

  #packet(): void {
    if (this.#loggedIn) this.#loggedIn.heard();
    else if (!this.#rate.take()) throw new Violation('too many packets before login');
  }

  #message(type: number, bytes: Buffer): void {
    switch (type) {
      case message.disconnect: {
        const code = fieldsOf(bytes).u32();
        this.destroy(
          code === disconnectCode.byApplication ? 'the client left' : `the client left: code ${code}`,
        );
        return;
      }
      case message.ignore:
      case message.unimplemented:
      case message.debug:
      case message.extInfo:
        return;
      default:
        if (serverOnly.has(type)) throw new Violation(`message ${type} is not a client's`);
        if (this.#loggedIn) this.#loggedIn.take(type, bytes);
        else if (!this.#auth.take(type, bytes)) throw new Violation(`message ${type} before login`);
    }
  }

  #exchangeEnded(): void {
    this.#rekey.ended(this.#moved, this.#transport.lastSequence, this.#transport.outgoingSequence);
    // Not now: ssh2 is in the middle of changing its ciphers.
    this.#output.schedule();
    this.#flushAll = true;
  }

  #beforeFlush(): void {
    if (this.#gone) return;
    const channels = [...this.#toFlush];
    this.#toFlush.clear();
    for (const channel of channels) channel.flush();
    if (this.#flushAll) this.#loggedIn?.flush();
    this.#flushAll = false;
    this.#countForRekey();
  }

  #drained(): void {
    if (this.#gone) return;
    if (this.#arrival.socket.isPaused()) this.#arrival.socket.resume();
    this.#loggedIn?.flush();
  }

  #countForRekey(): void {
    if (!this.#loggedIn || this.#transport.exchanging || this.#ending !== null) return;
    this.#rekey.moved(this.#moved, this.#transport.lastSequence, this.#transport.outgoingSequence);
  }

  async #granted(login: Login, accept: () => void): Promise<void> {
    const { output, input, greet, live } = this.#options;
    const settings = this.#options.settings();
    const info: SessionInfo = {
      connection: this.id,
      address: this.#arrival.address,
      client: this.#client,
      login,
      output: new Budget(settings['session.outputBytes'], output),
      input: new Budget(settings['session.inputBytes'], input),
    };
    this.#login = login;
    // Listed before it is served: what an operator changes meanwhile must find it.
    this.#live = this.#liveSession(login);
    live.add(this.#live);
    let services: SshServices;
    try {
      services = await greet(login, info);
    } catch (error) {
      this.#warn(error);
      this.end(toFault(error).message);
      return;
    }
    this.#guard(() => {
      if (this.#isOver()) services.ended();
      else this.#begin(services, info, accept);
    });
  }

  #begin(services: SshServices, info: SessionInfo, accept: () => void): void {
    const { events } = this.#options;
    const { entrance } = this.#arrival;
    const transport = this.#transport;
    this.#loggedIn = new LoggedIn(
      {
        timers: this.#options.timers,
        settings: this.#options.settings,
        growth: this.#options.growth,
        blocked: () => this.#gone || transport.exchanging || this.#output.unsent >= maxSocketOutput,
        write: (length, fill) => transport.write(length, fill),
        lastSequence: () => transport.lastSequence,
        send: (bytes) => transport.send(bytes),
        flushLater: (channel) => {
          this.#toFlush.add(channel);
          this.#output.schedule();
        },
        end: (sentence) => this.end(sentence),
        destroy: (reason) => this.destroy(reason),
        guard: (run) => this.#guard(run),
        warn: (error) => this.#warn(error),
        events,
      },
      services,
      info,
      entrance,
    );
    this.#cancelTimer();
    this.#arrival.loggedIn();
    const { account, view, method, fingerprint } = info.login;
    const { connection, address, client } = info;
    events.emit('login.succeeded', {
      connection,
      address,
      account: account.name,
      view,
      method,
      fingerprint,
      client,
    });
    accept();
  }

  #liveSession({ account, view, method, fingerprint }: Login): LiveSession {
    return {
      id: this.id,
      account: account.name,
      accountId: account.id,
      view,
      address: this.#arrival.address,
      client: this.#client,
      since: new Date(),
      method,
      fingerprint,
      close: (reason) => this.end(reason),
    };
  }

  #isOver(): boolean {
    return this.#gone || this.#ending !== null;
  }

  /** Everything that the event loop calls runs in here: no exception may leave a connection, or the process ends. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const theirFault = error instanceof Violation || error instanceof Malformed;
      if (!theirFault) this.#warn(error);
      try {
        // Of what went wrong on our side nobody there is told more than that (J2).
        this.#transport.disconnect(disconnectCode.protocolError, theirFault ? reason : 'internal error');
      } catch {
        // It was only good manners.
      }
      this.destroy(reason);
    }
  }

  #warn(error: unknown): void {
    const message = `connection ${this.id}: ${describe(error)}`;
    this.#options.events.emit('server.warning', { message });
  }
}

/** All that an operator can use: a fault's sentence and what lies behind it, the place in the code of anything else. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = error instanceof Fault && error.code !== 'failure';
  const text = known ? error.message : (error.stack ?? error.message);
  return error.cause instanceof Error ? `${text}: ${error.cause.message}` : text;
}
