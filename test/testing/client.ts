import { Client, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import type { TestServer } from '../../src/testing.js';

/** The answer to one request: what came, or the status that it was refused with. */
type Asking<T> = (sftp: SFTPWrapper, done: (error?: Error | null, result?: T) => void) => unknown;

export interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** ssh2's client, logged in to a test server. */
export class TestClient {
  readonly sftp: SFTPWrapper;
  /** Resolves with the error that ended the connection, or with nothing. */
  readonly closed: Promise<NodeJS.ErrnoException | null>;
  readonly #connection: Client;

  private constructor(connection: Client, sftp: SFTPWrapper, closed: TestClient['closed']) {
    this.#connection = connection;
    this.sftp = sftp;
    this.closed = closed;
  }

  static async login(server: TestServer, different: Partial<ConnectConfig> = {}): Promise<TestClient> {
    const connection = new Client();
    let first: Error | null = null;
    const closed = new Promise<Error | null>((resolve) => {
      connection.on('error', (error) => (first ??= error));
      connection.on('close', () => resolve(first));
    });
    await new Promise<void>((resolve, reject) => {
      connection.on('ready', resolve);
      void closed.then((error) => reject(error ?? new Error('closed')));
      const { host, port, user: username, password } = server;
      connection.connect({ host, port, username, password, ...different });
    });
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
      connection.sftp((error, made) => (error ? reject(error) : resolve(made)));
    });
    return new TestClient(connection, sftp, closed);
  }

  /** Another SFTP session on the same connection. */
  another(): Promise<SFTPWrapper> {
    return new Promise((resolve, reject) => {
      this.#connection.sftp((error, made) => (error ? reject(error) : resolve(made)));
    });
  }

  ask<T>(asking: Asking<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // ssh2's writeFile and readFile never call back when the connection is gone.
      void this.closed.then((error) => reject(error ?? new Error('closed')));
      asking(this.sftp, (error, result) => {
        if (error) reject(error);
        else resolve(result as T);
      });
    });
  }

  /** What a request is refused with; `null` where it is not. */
  async refusal(asking: Asking<unknown>): Promise<Refusal | null> {
    return this.ask(asking).then(
      () => null,
      (error: unknown) => {
        const { code, message } = error as Refusal;
        return { code, message };
      },
    );
  }

  write(path: string, data: string | Buffer): Promise<void> {
    return this.ask((sftp, done) => {
      sftp.writeFile(path, data, done);
    });
  }

  read(path: string): Promise<Buffer> {
    return this.ask<Buffer>((sftp, done) => {
      sftp.readFile(path, done);
    });
  }

  async exec(command: string): Promise<string> {
    const { promise, resolve, reject } = withResolvers<string>();
    this.#connection.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let text = '';
      channel.on('data', (chunk: Buffer) => (text += chunk.toString()));
      channel.on('close', () => resolve(text));
    });
    return promise;
  }

  async leave(): Promise<void> {
    this.#connection.end();
    await this.closed;
  }
}

function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
