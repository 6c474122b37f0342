import type { Executed, WireClient } from '../../interop/wire-client.js';
import type { Used } from './disk-usage.js';

/** One session of an account, that may be ended and begun anew. */
export class Session {
  readonly #connect: () => Promise<WireClient>;
  readonly #listeners: (() => void)[] = [];
  #client: WireClient;

  static async join(connect: () => Promise<WireClient>): Promise<Session> {
    return new Session(connect, await connect());
  }

  private constructor(connect: () => Promise<WireClient>, client: WireClient) {
    this.#connect = connect;
    this.#client = client;
  }

  get client(): WireClient {
    return this.#client;
  }

  /** Calls back each time that the session ends with whatever it has open. */
  whenEnded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  end(): void {
    this.#client.end();
    for (const listener of this.#listeners) listener();
  }

  async reconnect(): Promise<void> {
    this.end();
    this.#client = await this.#connect();
  }

  /** As `WireClient.exec`, and fails when the connection ends before the command does. */
  exec(command: string, input: Buffer): Promise<Executed> {
    const client = this.#client;
    const ended = client.gone.then(() => {
      throw new Error('the connection ended');
    });
    return Promise.race([client.exec(command, input), ended]);
  }

  usage(): Promise<Used> {
    return usage(this.#client);
  }
}

/** What the ledger says of a session's home, by `account-status@plimsoll`. */
export async function usage(client: WireClient): Promise<Used> {
  const { status } = await client.get('account-status@plimsoll', { kind: 'account-status@plimsoll' });
  const { home } = JSON.parse(status) as {
    readonly home: Readonly<Record<'bytes' | 'files', { readonly used: number }>>;
  };
  return { bytes: home.bytes.used, files: home.files.used };
}
