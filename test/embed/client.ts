import { once } from 'node:events';
import { Client, type ClientChannel, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { decodeReply, encodeRequest } from '../../src/wire/codec.js';
import { Frames, type Frame } from '../../src/wire/frame.js';
import type { AccountStatus } from '../../src/wire/account-status.js';

/** Somebody who logged in to an embedded server. */
export class Visitor {
  readonly connection: Client;
  readonly #sftp: SFTPWrapper;
  readonly #closed: Promise<unknown>;
  /** The sentence that the server said good-bye with. */
  readonly ended: Promise<string>;

  private constructor(connection: Client, sftp: SFTPWrapper, ended: Promise<string>) {
    this.connection = connection;
    this.#sftp = sftp;
    this.#closed = once(connection, 'close');
    this.ended = ended;
  }

  /** @throws what ssh2 says of a login that was refused */
  static async login(port: number, as: Partial<ConnectConfig> = {}): Promise<Visitor> {
    const connection = new Client();
    const login = { username: 'alice', ...(as.privateKey ? {} : { password: 'secret' }), ...as };
    const ended = new Promise<string>((resolve) => {
      connection.on('error', (error) => resolve(error.message));
      connection.on('close', () => resolve(''));
    });
    await new Promise<void>((resolve, reject) => {
      connection.on('ready', resolve).on('error', reject);
      connection.on('close', () => reject(new Error('closed')));
      connection.connect({ host: '127.0.0.1', port, ...login });
    });
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
      connection.sftp((error, made) => (error ? reject(error) : resolve(made)));
    });
    return new Visitor(connection, sftp, ended);
  }

  write(path: string, text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sftp.writeFile(path, text, (error) => (error ? reject(error) : resolve()));
    });
  }

  read(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#sftp.readFile(path, (error, data) => (error ? reject(error) : resolve(data.toString())));
    });
  }

  remove(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sftp.unlink(path, (error) => (error ? reject(error) : resolve()));
    });
  }

  list(path = '/'): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#sftp.readdir(path, (error, list) =>
        error ? reject(error) : resolve(list.map(({ filename }) => filename).sort()),
      );
    });
  }

  async status(): Promise<AccountStatus> {
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      this.connection.subsys('sftp', (error, made) => (error ? reject(error) : resolve(made)));
    });
    const frames = new Frames();
    const next = async (): Promise<Frame> => {
      for (;;) {
        const frame = frames.next();
        if (frame) return frame;
        const [chunk] = (await once(channel, 'data')) as [Buffer];
        frames.push(chunk);
      }
    };
    channel.write(encodeRequest({ kind: 'init', version: 3, extensions: [] }));
    await next();
    channel.write(encodeRequest({ kind: 'account-status@plimsoll', id: 1 }));
    const reply = decodeReply(await next(), 'account-status@plimsoll');
    channel.end();
    if (reply.kind !== 'account-status@plimsoll') throw new Error(JSON.stringify(reply));
    return JSON.parse(reply.status) as AccountStatus;
  }

  async leave(): Promise<void> {
    this.connection.end();
    await this.#closed;
  }
}
