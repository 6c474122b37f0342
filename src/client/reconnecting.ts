import { Fault, toFault, type FaultCode } from '../fault.js';
import { printable } from '../observe/printable.js';
import type { Connection } from './connection.js';
import type { Attempt, Link } from './link.js';
import { SessionPool } from './session-pool.js';
import { systemTimers, type Timers } from './timers.js';

export interface ReconnectOptions {
  /** Connects and logs in. */
  readonly connect: () => Promise<Connection>;
  /** Attempts one behind the other that may gain nothing before it is given up; 0 for none at all. */
  readonly retries: number;
  readonly timers?: Timers;
  /** From 0 up to 1, so that many clients of a server that comes back do not all come at once. */
  readonly random?: () => number;
  /** Told what happens, as a sentence for the user. */
  readonly notify?: (sentence: string) => void;
  /** Ends waits, and everything that asks for a session afterwards, with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** What a new connection may mend. A wrong host key or a refused login would be the same again. */
const mendable: ReadonlySet<FaultCode> = new Set<FaultCode>(['no-connection', 'timed-out']);

const firstWait = 1000;
const longestWait = 30_000;
/** Added at random, as a part of the wait. */
const jitter = 0.2;

/** One connection, numbered so that what was lost is told from what came after it. */
interface Numbered {
  readonly number: number;
  readonly connection: Connection;
  readonly sessions: SessionPool;
}

/** A connection that is being made, for all who wait for it; the last of them to leave calls it off. */
interface Coming {
  readonly session: Promise<Numbered>;
  readonly nobody: AbortController;
  waiting: number;
}

/** A link that connects when it is first used, and again when the connection breaks. */
export function createLink(options: ReconnectOptions): Link {
  return new ReconnectingLink(options);
}

class ReconnectingLink implements Link {
  readonly #options: ReconnectOptions;
  readonly #timers: Timers;
  readonly #ending = new AbortController();
  /** Ends waits: by `end`, or by whoever gave the link its signal. */
  readonly #stop: AbortSignal;
  #current: Numbered | null = null;
  #coming: Coming | null = null;
  /** Why the last session broke, until there is a new one. */
  #broken: Fault | null = null;
  #connections = 0;
  /** Attempts that gained nothing, in a row. */
  #failures = 0;
  /** Sessions up to this number are not to be replaced any more: whoever still worked with one hears `fault`. */
  #givenUp: { readonly upTo: number; readonly fault: Fault } = { upTo: 0, fault: new Fault('no-connection') };

  constructor(options: ReconnectOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#stop = options.signal
      ? AbortSignal.any([options.signal, this.#ending.signal])
      : this.#ending.signal;
  }

  async remote(): Promise<Connection['remote']> {
    return (await this.#session(0)).connection.remote;
  }

  async use<T>(
    work: (remote: Connection['remote'], attempt: Attempt) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    let lost = 0;
    let failures = 0;
    for (let number = 0; ; number++) {
      const session = await this.#session(lost, signal);
      const progress = (): void => {
        failures = this.#failures = 0;
      };
      const taken = session.sessions.take();
      try {
        const result = await work(taken.remote, { number, progress });
        this.#failures = 0;
        return result;
      } catch (thrown) {
        const fault = toFault(thrown);
        if (!mendable.has(fault.code) || this.#ending.signal.aborted) throw thrown;
        // Its channel alone may have ended. Where it was the connection, the next session tells.
        if (this.#current === session && session.sessions.drop(taken)) continue;
        this.#lose(session, fault);
        lost = session.number;
        // While others gain, the link goes on for ever: one use that breaks every connection must end.
        if (++failures > this.#options.retries) throw fault;
      } finally {
        session.sessions.release(taken);
      }
    }
  }

  async end(): Promise<void> {
    this.#ending.abort();
    const connection = this.#current?.connection;
    this.#current = null;
    await connection?.end();
    await this.#coming?.session.catch(() => undefined);
  }

  /** @param lost the number of the session that this use has lost, 0 for none */
  async #session(lost: number, signal?: AbortSignal): Promise<Numbered> {
    this.#checkStopped();
    if (signal?.aborted) throw new Fault('cancelled');
    if (this.#current) return this.#current;
    if (lost > 0 && lost <= this.#givenUp.upTo) throw this.#givenUp.fault;
    const coming = (this.#coming ??= this.#come());
    coming.waiting++;
    try {
      return await unlessAborted(coming.session, signal);
    } finally {
      if (--coming.waiting === 0) this.#nobodyWaits(coming);
    }
  }

  #come(): Coming {
    const nobody = new AbortController();
    const session = this.#connect(nobody.signal).finally(() => {
      if (this.#coming === coming) this.#coming = null;
    });
    const coming: Coming = { session, nobody, waiting: 0 };
    return coming;
  }

  #nobodyWaits(coming: Coming): void {
    if (this.#coming === coming) this.#coming = null;
    coming.nobody.abort();
  }

  #checkStopped(): void {
    if (this.#ending.signal.aborted) throw new Fault('no-connection', 'the connection was ended');
    if (this.#stop.aborted) throw new Fault('cancelled');
  }

  async #connect(nobody: AbortSignal): Promise<Numbered> {
    let reason = this.#broken;
    while (reason) {
      await this.#waitAfter(reason, nobody);
      try {
        const session = await this.#open(nobody);
        this.#options.notify?.('connected again');
        return session;
      } catch (thrown) {
        reason = toFault(thrown);
        this.#checkStopped();
        if (nobody.aborted) throw reason;
        if (!mendable.has(reason.code)) throw this.#giveUp(reason);
      }
    }
    return this.#open(nobody);
  }

  /** Counts an attempt that gained nothing, and waits the longer the more there were. */
  async #waitAfter(reason: Fault, nobody: AbortSignal): Promise<void> {
    const { retries, notify, random = Math.random } = this.#options;
    if (this.#failures >= retries) throw this.#giveUp(reason);
    const base = Math.min(firstWait * 2 ** this.#failures, longestWait);
    this.#failures++;
    const wait = Math.min(base * (1 + jitter * random()), longestWait);
    notify?.(
      `connection lost (${printable(reason.message)}); trying again in ${Math.round(wait / 1000)} s (${this.#failures} of ${retries})`,
    );
    try {
      await this.#timers.wait(wait, AbortSignal.any([this.#stop, nobody]));
    } finally {
      this.#checkStopped();
      if (nobody.aborted) this.#failures = 0;
    }
  }

  /** The next use may try again from the beginning, as if there had been no connection yet. */
  #giveUp(fault: Fault): Fault {
    this.#broken = null;
    this.#failures = 0;
    this.#givenUp = { upTo: this.#connections, fault };
    return fault;
  }

  async #open(nobody: AbortSignal): Promise<Numbered> {
    const connection = await this.#options.connect();
    if (this.#stop.aborted || nobody.aborted) {
      await connection.end();
      this.#checkStopped();
      throw new Fault('cancelled');
    }
    const session = { number: ++this.#connections, connection, sessions: new SessionPool(connection) };
    this.#current = session;
    this.#broken = null;
    void connection.closed.then((fault) => this.#lose(session, fault ?? new Fault('no-connection')));
    return session;
  }

  #lose(session: Numbered, fault: Fault): void {
    if (this.#current !== session) return;
    this.#current = null;
    this.#broken = fault;
    // One that no longer answers may still be open, and others may wait for its answers.
    session.connection.end().catch(() => undefined);
  }
}

/** A wait of one use among several: it ends for this one alone. */
function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return waiting;
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      reject(new Fault('cancelled'));
    };
    signal.addEventListener('abort', cancel, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
