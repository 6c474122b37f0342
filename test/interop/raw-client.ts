import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Client, type ClientChannel } from 'ssh2';
import { decodeReply, encodeRequest, type Reply } from '../../src/wire/codec.js';
import type { ExtensionName } from '../../src/wire/extensions.js';
import { Frames } from '../../src/wire/frame.js';
import type { TestServer } from './server.js';

/** Bytes of a STATUS that says OK: lengths, type, id, code, two empty strings. */
const statusLength = 4 + 1 + 4 + 4 + 4 + 4;

/** A client that sends what it likes and reads when it likes, over a real connection. */
export class RawClient {
  readonly #connection = new Client();
  readonly #frames = new Frames();
  #channel: ClientChannel | null = null;

  async connect(server: TestServer, username = 'alice'): Promise<void> {
    this.#connection.connect({
      host: '127.0.0.1',
      port: server.port,
      username,
      privateKey: readFileSync(server.keyFile),
    });
    await once(this.#connection, 'ready');
    this.#channel = await new Promise<ClientChannel>((resolve, reject) => {
      this.#connection.subsys('sftp', (error, channel) => (error ? reject(error) : resolve(channel)));
    });
    this.send(encodeRequest({ kind: 'init', version: 3, extensions: [] }));
    await this.reply();
  }

  get channel(): ClientChannel {
    if (!this.#channel) throw new Error('not connected');
    return this.#channel;
  }

  /** `false` once the window is used up. */
  send(bytes: Buffer): boolean {
    return this.channel.write(bytes);
  }

  /** The next reply, read from the channel only as far as it needs. */
  async reply(asked: ExtensionName | null = null): Promise<Reply> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame) return decodeReply(frame, asked);
      const chunk = this.channel.read() as Buffer | null;
      if (chunk) this.#frames.push(chunk);
      else await once(this.channel, 'readable');
    }
  }

  /** How many replies have arrived and were not asked for; they stay. */
  arrived(): number {
    const chunk = this.channel.read() as Buffer | null;
    if (chunk) this.#frames.push(chunk);
    return this.#frames.buffered / statusLength;
  }

  async open(path: string, flags: number): Promise<string> {
    this.send(encodeRequest({ kind: 'open', id: 1, path, flags, attrs: {} }));
    const reply = await this.reply();
    if (reply.kind !== 'handle') throw new Error(`not opened: ${JSON.stringify(reply)}`);
    return reply.handle;
  }

  end(): void {
    this.#connection.destroy();
  }
}
