import type { Duplex } from 'node:stream';
import type { Client, ConnectConfig, NextAuthHandler } from 'ssh2';
import { Fault } from '../fault.js';
import { printable } from '../observe/printable.js';
import { fingerprint } from '../publickey/public-key.js';
import { shownAddress } from './address.js';
import { clientAlgorithms } from './algorithms.js';
import { brokenFault, serverText, type Stage } from './broken.js';
import type { ConnectOptions } from './connection.js';
import { Deferred } from './deferred.js';
import { failingLogin } from './failing-login.js';
import { guardPackets } from './guarded-packets.js';
import { protocolOf, type InnerProtocol } from './internals.js';
import { keyTypeOf } from './known-hosts.js';
import { loginAttempts, type LoginAttempt, type Refusal } from './login.js';
import { LoginReport } from './login-report.js';
import { Patience } from './patience.js';
import { gatherIdent, type ServerIdent } from './server-ident.js';
import { watchSilence } from './silence.js';
import { version } from './version.js';

/** Milliseconds that the other side has to answer a farewell. */
const farewell = 1_000;
/** Characters of a banner that are passed on. */
const longestBanner = 16_384;

export interface SshConnectionOptions {
  readonly options: Omit<ConnectOptions, 'jumps'>;
  /** What it runs over: a socket, or a channel of another connection. */
  readonly stream: Duplex;
  readonly client: Client;
  /** Has the client connect, at once. */
  readonly start: (config: ConnectConfig) => void;
}

/**
 * One SSH connection: key exchange, host key, login, and noticing its end. Wraps ssh2's client, which goes on parsing
 * after an error and raises errors for what is none; here the first error ends everything at once.
 */
export class SshConnection {
  readonly client: Client;
  /** Resolves with the reason when it breaks, with `null` after `end`. */
  readonly closed: Promise<Fault | null>;
  /** Where it leads, for sentences. */
  readonly at: string;
  readonly #options: Omit<ConnectOptions, 'jumps'>;
  readonly #stream: Duplex;
  readonly #report: LoginReport;
  readonly #patience: Patience;
  readonly #protocol: InnerProtocol;
  readonly #ident: ServerIdent;
  readonly #attempts: AsyncGenerator<LoginAttempt, void, Refusal>;
  readonly #ready = new Deferred<undefined>();
  readonly #closed = new Deferred<Fault | null>();
  #stage: Stage = 'key exchange';
  #hostKey: Buffer | null = null;
  #trusted = false;
  #refusal: Refusal = { methods: [], partial: false };
  #method = 'none';
  #disconnect: { readonly reason: number; readonly text: string } | null = null;
  #silence: ReturnType<typeof watchSilence> | null = null;
  #ending = false;
  #over = false;
  #fault: Fault | null = null;
  #lastWords: () => string = () => '';

  constructor({ options, stream, client, start }: SshConnectionOptions) {
    this.client = client;
    this.closed = this.#closed.promise;
    this.at = shownAddress(options);
    this.#options = options;
    this.#stream = stream;
    this.#report = new LoginReport(options.login.user);
    this.#patience = new Patience(options.timeout, () => this.#lateAnswer());
    this.#attempts = loginAttempts({
      login: failingLogin(options.login, (fault) => this.fail(fault)),
      report: this.#report,
      debug: (line) => options.debug?.(line),
      asking: this.#patience.asking,
    });
    this.#listen();
    start(this.#config());
    this.#protocol = protocolOf(client);
    this.#ident = gatherIdent(this.#protocol);
    guardPackets(this.#protocol, {
      trusted: () => this.#trusted,
      unsent: () => stream.writableLength,
      heard: () => this.#silence?.heard(),
    });
    this.#wrapHandlers();
  }

  /** The server's identification string. */
  get ident(): string {
    return this.#ident.ident ?? '';
  }

  get loginMethod(): string {
    return this.#method;
  }

  /** Why it is over; `null` while it is not. */
  get fault(): Fault | null {
    return this.#fault;
  }

  /** Resolves once the login is granted. @throws Fault */
  async loggedIn(): Promise<void> {
    await this.#ready.promise;
  }

  /** What to ask for the server's last words, when it just closes. */
  set lastWords(lastWords: () => string) {
    this.#lastWords = lastWords;
  }

  /** Ends it at once, for this reason. */
  fail(fault: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#fault = fault;
    this.#patience.end();
    this.#silence?.end();
    this.#ready.reject(fault);
    void this.#attempts.return().catch(() => undefined);
    // Before anything else of what has arrived is parsed: after an error ssh2 would believe any length.
    this.#stream.destroy();
    this.#closed.resolve(this.#ending ? null : fault);
  }

  /** Ends it in order; at once where the other side does not answer. */
  async end(): Promise<void> {
    if (!this.#over && !this.#ending) {
      this.#ending = true;
      this.#ready.reject(new Fault('cancelled'));
      try {
        this.client.end();
      } catch {
        // It is broken already.
      }
    }
    const timer = setTimeout(() => this.fail(new Fault('no-connection')), farewell);
    await this.closed;
    clearTimeout(timer);
  }

  #config(): ConnectConfig {
    const { debug, login, hostKeyTypes } = this.#options;
    return {
      sock: this.#stream,
      username: login.user,
      ident: `plim_${version}`,
      algorithms: clientAlgorithms(hostKeyTypes ?? []),
      // Ours stands still while a person is asked, and ends the connection at once.
      readyTimeout: 0,
      keepaliveInterval: 0,
      hostVerifier: (blob: Buffer, verify: (valid: boolean) => void) => {
        void this.#checkHostKey(blob, verify);
      },
      authHandler: (_methods, _partial, next) => {
        void this.#nextAttempt(next);
      },
      ...(debug && { debug: (line: string) => debug(printable(line)) }),
    };
  }

  #listen(): void {
    const { client } = this;
    const emit = client.emit.bind(client);
    // Not a listener: nobody else may see errors that are none, and none may go unheard and end the process.
    client.emit = (event: string | symbol, ...rest: unknown[]): boolean => {
      if (event !== 'error') return emit(event as 'error', ...(rest as [Error]));
      this.#onError(rest[0] as Error & { readonly level?: string });
      return true;
    };
    client.prependOnceListener('ready', () => this.#onReady());
    client.once('end', () => this.#onClosed());
    client.once('close', () => this.#onClosed());
    this.#stream.once('close', () => this.#onClosed());
    client.once('handshake', () => {
      this.#stage = 'login';
      this.#patience.renew();
    });
    client.on('banner', (text: string) => this.#options.banner?.(text.slice(0, longestBanner)));
    client.on('change password', () =>
      this.fail(
        this.#report.fault('the password has expired: set a new one with another client, then try again'),
      ),
    );
  }

  #wrapHandlers(): void {
    const handlers = this.#protocol._handlers;
    const { DISCONNECT, EXT_INFO, SERVICE_ACCEPT, USERAUTH_FAILURE, USERAUTH_INFO_REQUEST } = handlers;
    handlers.DISCONNECT = (protocol, reason, text) => {
      this.#disconnect = { reason, text };
      DISCONNECT(protocol, reason, text);
      this.#onClosed();
    };
    // ssh2 signs over SHA-1 where the server does not say that it knows better, or says that it knows nothing else.
    let told = false;
    handlers.EXT_INFO = (protocol, extensions) => {
      const known = extensions.filter(({ name }) => name === 'server-sig-algs');
      if (known.length === 0) return;
      told = true;
      const safe = known.map(({ name, algs }) => ({ name, algs: algs.filter((alg) => alg !== 'ssh-rsa') }));
      EXT_INFO(protocol, safe);
    };
    handlers.SERVICE_ACCEPT = (protocol, service) => {
      if (!told) {
        told = true;
        EXT_INFO(protocol, [{ name: 'server-sig-algs', algs: ['rsa-sha2-256', 'rsa-sha2-512'] }]);
      }
      SERVICE_ACCEPT(protocol, service);
    };
    // ssh2 keeps the answer to itself where it tries an agent's keys, even when another factor is wanted.
    handlers.USERAUTH_FAILURE = (protocol, methods, partial) => {
      this.#refusal = { methods, partial: partial === true };
      USERAUTH_FAILURE(protocol, methods, partial);
    };
    handlers.USERAUTH_INFO_REQUEST = (protocol, name, instruction, prompts) => {
      this.#patience.renew();
      // Without a question there is nothing to answer, but something to say. [RFC 4256 3.2]
      if (prompts.length === 0 && instruction !== '')
        this.#options.banner?.(instruction.slice(0, longestBanner));
      USERAUTH_INFO_REQUEST(protocol, name, instruction, prompts);
    };
  }

  /** Asked again at each key exchange; the key must stay what it was. */
  async #checkHostKey(view: Buffer, verify: (valid: boolean) => void): Promise<void> {
    try {
      const blob = Buffer.from(view);
      if (this.#hostKey === null) {
        this.#hostKey = blob;
        const { host, port, checkHostKey } = this.#options;
        const type = keyTypeOf(blob) ?? 'unknown';
        const key = { host, port, blob, type, fingerprint: fingerprint(blob) };
        await this.#patience.asking(checkHostKey(key));
        if (this.#over) return;
        this.#trusted = true;
      } else if (!this.#hostKey.equals(blob)) {
        throw new Fault('wrong-host-key', `${this.at} changed its host key within the connection`);
      }
      verify(true);
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  async #nextAttempt(next: NextAuthHandler): Promise<void> {
    try {
      const answer = this.#refusal;
      // What ssh2 gives up by itself brings no answer of the server: then nothing new is granted.
      this.#refusal = { methods: answer.methods, partial: false };
      const attempt = await this.#attempts.next(answer);
      if (this.#over || this.#ending) return;
      if (attempt.done) {
        this.fail(this.#report.fault());
        return;
      }
      this.#method = attempt.value.method;
      this.#patience.renew();
      next(attempt.value.request);
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #onReady(): void {
    this.#stage = 'session';
    this.#patience.end();
    this.#silence = watchSilence({
      ms: this.#options.timeout,
      ask: () => this.#ping(),
      lost: () => this.fail(new Fault('timed-out', `${this.at} does not answer any more`)),
    });
    this.#ready.resolve(undefined);
  }

  #ping(): void {
    try {
      if (this.#stream.writable) this.#protocol.ping();
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #onError(error: Error & { readonly level?: string }): void {
    // The key in question is passed over, and the next one tried.
    if (error.level === 'agent' || error.message.startsWith('Error signing data with key')) return;
    this.#broken(error);
  }

  #onClosed(): void {
    this.#broken(null);
  }

  #broken(error: Error | null): void {
    if (this.#over) return;
    this.fail(
      brokenFault({
        at: this.at,
        stage: this.#stage,
        error,
        disconnect: this.#disconnect,
        ident: this.#ident.ident,
        firstLine: this.#ident.firstLine,
        report: this.#report,
        lastWords: this.#lastWords(),
      }),
    );
  }

  #lateAnswer(): void {
    const where =
      this.#stage === 'key exchange' && this.#ident.ident === null
        ? `${this.at} was reached and says nothing: is it an SSH server?`
        : `${this.at} does not answer in the ${this.#stage}`;
    const { firstLine } = this.#ident;
    const more =
      this.#ident.ident === null && firstLine !== null ? ` It said '${serverText(firstLine)}'` : '';
    this.fail(new Fault('timed-out', `${where}${more}`));
  }
}
