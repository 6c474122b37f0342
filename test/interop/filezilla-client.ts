import type { ByteString } from '../../src/names.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import type { TestServer } from './server.js';
import { WireClient, type WireOptions } from './wire-client.js';

const { read, write, create, truncate } = openFlags;

const writeSize = 16 * 1024;
const readSize = 32 * 1024;
/** Bytes that may be on the way, whichever way. */
const inFlight = 2 ** 20;

/** Asks what FileZilla's fzsftp asks for transfers, in its order: PuTTY's code with sizes of its own. */
export class FilezillaClient {
  readonly wire: WireClient;

  private constructor(wire: WireClient) {
    this.wire = wire;
  }

  static async connect(
    server: TestServer,
    options: Omit<WireOptions, 'ident'> = {},
  ): Promise<FilezillaClient> {
    return new FilezillaClient(await WireClient.connect(server, { ...options, ident: 'FileZilla_3.63.0' }));
  }

  async put(path: ByteString, data: Buffer): Promise<void> {
    const handle = await this.wire.open(path, write | create | truncate);
    await this.#writeFrom(handle, data, 0);
    await this.wire.close(handle);
  }

  /** Goes on with an upload: WRITE alone, and what is there by FSTAT of the handle. Gives where it went on. */
  async reput(path: ByteString, data: Buffer): Promise<number> {
    const handle = await this.wire.open(path, write);
    const { attrs } = await this.wire.get('attrs', { kind: 'fstat', handle });
    const offset = attrs.size ?? 0;
    await this.#writeFrom(handle, data, offset);
    await this.wire.close(handle);
    return offset;
  }

  /** Begins an upload and breaks the connection when `bytes` are acknowledged and more are on the way. */
  async putBroken(path: ByteString, data: Buffer, bytes: number): Promise<void> {
    const handle = await this.wire.open(path, write | create | truncate);
    await this.#writeFrom(handle, data.subarray(0, bytes), 0);
    const rest = data.subarray(bytes, bytes + inFlight);
    for (let at = 0; at < rest.length; at += writeSize) {
      this.wire.sendWrite(handle, bytes + at, rest.subarray(at, at + writeSize));
    }
    this.wire.end();
  }

  /** Downloads what is behind `from`. READs go out without knowing the size, until one meets the end. */
  async get(path: ByteString, from = 0): Promise<Buffer> {
    const handle = await this.wire.open(path, read);
    const parts: Buffer[] = [];
    const asked: number[] = [];
    let offset = from;
    let ended = false;
    for (;;) {
      while (!ended && asked.length < inFlight / readSize) {
        asked.push(this.wire.send({ kind: 'read', handle, offset, length: readSize }));
        offset += readSize;
      }
      const id = asked.shift();
      if (id === undefined) break;
      const reply = await this.wire.reply(id);
      if (reply.kind === 'data') {
        if (ended) throw new Error('data behind the end');
        parts.push(...reply.data);
        // A short answer can only be the last: the READs behind it were sent before it came.
        if (reply.length < readSize) ended = true;
      } else if (reply.kind === 'status' && reply.code === statusCodes.eof) {
        ended = true;
      } else {
        throw new Error(`READ: ${JSON.stringify(reply)}`);
      }
    }
    await this.wire.close(handle);
    return Buffer.concat(parts);
  }

  /** "Preserve timestamps": once the transfer is closed, STAT, and SETSTAT with both times. */
  async preserveTime(path: ByteString, mtime: number): Promise<void> {
    const { attrs } = await this.wire.get('attrs', { kind: 'stat', path });
    await this.wire.must({ kind: 'setstat', path, attrs: { atime: attrs.atime ?? mtime, mtime } });
  }

  end(): void {
    this.wire.end();
  }

  async #writeFrom(handle: ByteString, data: Buffer, from: number): Promise<void> {
    const asked: number[] = [];
    for (let at = from; at < data.length; at += writeSize) {
      asked.push(this.wire.sendWrite(handle, at, data.subarray(at, at + writeSize)));
      if (asked.length < inFlight / writeSize) continue;
      const id = asked.shift();
      if (id !== undefined) await this.wire.succeeded(id);
    }
    for (const id of asked) await this.wire.succeeded(id);
  }
}
