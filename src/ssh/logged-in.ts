import type { Login } from '../auth/authenticator.js';
import type { Settings } from '../config/settings.js';
import { toText, type ByteString } from '../names.js';
import type { Events } from '../observe/events.js';
import type { Channel, ChannelHost } from './channel.js';
import { Channels } from './channels.js';
import { Idle } from './idle.js';
import { Keepalive } from './keepalive.js';
import { message, payload, utf8 } from './messages.js';
import type { RefusedProgram } from './requests.js';
import type { SessionInfo, SshServices } from './services.js';
import type { Timers } from './timers.js';
import { WindowBudget, type WindowGrowth } from './window-budget.js';

/** What the logged-in half of a connection uses of the other half. */
export interface LoggedInHost {
  readonly timers: Timers;
  readonly settings: () => Settings;
  readonly blocked: () => boolean;
  readonly write: ChannelHost['write'];
  /** The windows of the whole process. */
  readonly growth: WindowGrowth;
  /** The number of the packet that is being handled. */
  readonly lastSequence: () => number;
  send(bytes: Buffer): void;
  flushLater(channel: Channel): void;
  end(sentence: string): void;
  destroy(reason: string): void;
  /** Runs what no input caused; what it throws ends the connection. */
  guard(run: () => void): void;
  warn(error: unknown): void;
  readonly events: Events;
}

/** Bytes of a refused command line that are told to the log. */
const maxTold = 256;

/** Where the client came in: what it has to type to come again. */
export interface Entrance {
  readonly host: string;
  readonly port: number;
}

/** Any answer shows that the peer is there; that it fails is usual. [RFC 4254 4] */
const probe = payload(message.globalRequest, (writer) => {
  writer.string(utf8('keepalive@openssh.com'));
  writer.u8(1);
});

/** A connection after login: its channels, whether it lives, whether it is used. */
export class LoggedIn {
  readonly #host: LoggedInHost;
  readonly #services: SshServices;
  readonly #info: SessionInfo;
  readonly #channels: Channels;
  readonly #keepalive: Keepalive;
  readonly #idle: Idle;
  #turns = 0;
  #draining = false;
  #closed = false;

  constructor(host: LoggedInHost, services: SshServices, info: SessionInfo, entrance: Entrance) {
    const { timers, settings } = host;
    this.#host = host;
    this.#services = services;
    this.#info = info;
    this.#keepalive = new Keepalive({
      timers,
      interval: () => settings()['keepalive.interval'],
      count: () => settings()['keepalive.count'],
      probe: () => host.guard(() => host.send(probe)),
      dead: () => host.destroy('the client does not answer any more'),
    });
    this.#idle = new Idle(
      timers,
      () => settings()['session.idle'],
      // Every request that is taken has taken room for its reply.
      () => info.output.taken > 0,
      () => host.end('closed, because nothing was asked for a long time'),
    );
    this.#channels = new Channels({
      // A session sends whenever it likes; what goes wrong then is this connection's end, not the session's.
      send: (bytes) => host.guard(() => host.send(bytes)),
      write: (length, fill) => host.guard(() => host.write(length, fill)),
      blocked: host.blocked,
      flushLater: (channel) => host.flushLater(channel),
      maxChannels: () => settings()['session.channels'],
      windows: new WindowBudget({
        inputBytes: settings()['session.inputBytes'],
        waiting: () => info.input.taken,
        growth: host.growth,
      }),
      now: () => timers.now(),
      programs: {
        sftp: (channel) => this.#serve(channel, () => services.sftp(channel, info)),
        exec: (channel, command) => this.#serve(channel, () => services.exec(channel, info, command)),
        refused: (operation, asked, sentence) => this.#tellRefused(operation, asked, sentence),
        shellRefusal: `this server gives files only: sftp -P ${entrance.port} ${nameOf(info.login)}@${entrance.host}`,
      },
      active: () => this.#idle.touch(),
      emptied: () => {
        if (this.#draining) host.end('the server is stopping');
      },
    });
  }

  /** @throws Violation or Malformed, and the connection ends */
  take(type: number, bytes: Buffer): void {
    // After success they are ignored. [RFC 4252 5.1]
    if (type === message.userauthRequest) return;
    if (this.#channels.take(type, bytes)) return;
    // [RFC 4253 11.4]
    this.#host.send(payload(message.unimplemented, (writer) => writer.u32(this.#host.lastSequence())));
  }

  /** A packet arrived. */
  heard(): void {
    this.#keepalive.heard();
  }

  /** Asks all channels to send what they can; each time another is first, for the first may fill the socket again. */
  flush(): void {
    const channels = this.#channels.all();
    const first = this.#turns++ % Math.max(1, channels.length);
    for (const channel of [...channels.slice(first), ...channels.slice(0, first)]) channel.flush();
  }

  /** Puts a sentence on the stderr of every open channel, at once. */
  say(sentence: string): void {
    for (const channel of this.#channels.all()) {
      channel.stderr(sentence);
      channel.flush();
    }
  }

  /** Takes no more requests; the connection ends when those that run are answered. */
  drain(): void {
    this.#draining = true;
    this.#channels.drain();
    if (this.#channels.size === 0) this.#host.end('the server is stopping');
  }

  /** The connection is gone, or says no more than good-bye: nothing is served any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#keepalive.close();
    this.#idle.close();
    for (const channel of this.#channels.takeAll()) this.#tell(() => channel.lost());
    this.#tell(() => this.#services.ended());
  }

  /** One that fails must not keep the others from hearing it. */
  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#host.warn(error);
    }
  }

  #tellRefused(operation: RefusedProgram, asked: ByteString, message: string): void {
    const { connection, address, login } = this.#info;
    this.#host.events.emit('request.refused', {
      connection,
      address,
      account: login.account.name,
      operation,
      path: toText(asked.slice(0, maxTold)),
      fault: 'unsupported',
      message,
    });
  }

  #serve(channel: Channel, serve: () => void): void {
    try {
      serve();
    } catch (error) {
      this.#host.warn(error);
      channel.stderr('the session could not be started');
      channel.finish(1);
    }
  }
}

/** What was typed to log in. */
function nameOf({ account, view }: Login): string {
  return view === 'homes' ? `${account.name}+admin` : account.name;
}
