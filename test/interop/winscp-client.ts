import type { ByteString } from '../../src/names.js';
import type { Attrs, NameEntry } from '../../src/wire/attrs.js';
import type { Reply } from '../../src/wire/codec.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import type { TestServer } from './server.js';
import { WireClient, type WireOptions } from './wire-client.js';

const { read, write, create, truncate, exclusive } = openFlags;

/** What WinSCP 6.3.4 says of itself behind `SSH-2.0-`. */
export const winscpIdent = 'WinSCP_release_6.3.4';

/** Larger files are uploaded under this name first, by WinSCP's settings as they come. */
const partSuffix = '.filepart';
const smallFile = 100 * 1024;

const queues = { write: 64, read: 32, listing: 2, checksum: 5 } as const;

/** Bytes of a packet beside the payload of WRITE: type, id, three lengths, offset [filexfer-02 6.4]; a handle follows. */
const writeOverhead = 1 + 4 + 4 + 8 + 4;
/** The same for DATA: type, id, length [filexfer-02 7]. */
const dataOverhead = 1 + 4 + 4;

export interface Upload {
  readonly data: Buffer;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly permissions: number;
}

/** What WinSCP makes of a line of `ls -l`: version 3 has no names of owners elsewhere. */
export interface ListedFile {
  readonly name: ByteString;
  readonly owner: string;
  readonly group: string;
  readonly attrs: Attrs;
}

/** Asks what WinSCP asks, in its order, with its queues, as its SftpFileSystem.cpp and CopyParam.cpp do. */
export class WinscpClient {
  readonly wire: WireClient;
  #largestPacket = 0;

  private constructor(wire: WireClient) {
    this.wire = wire;
  }

  static async connect(server: TestServer, options: Omit<WireOptions, 'ident'> = {}): Promise<WinscpClient> {
    const wire = await WireClient.connect(server, { ...options, ident: winscpIdent });
    const client = new WinscpClient(wire);
    const limits = await wire.get('limits@openssh.com', { kind: 'limits@openssh.com' });
    client.#largestPacket = limits.maxPacketLength;
    return client;
  }

  async cd(path: ByteString): Promise<ByteString> {
    const { entries } = await this.wire.get('name', { kind: 'realpath', path });
    return entries[0]?.name ?? '';
  }

  async lstat(path: ByteString): Promise<Attrs | null> {
    const reply = await this.wire.ask({ kind: 'lstat', path });
    if (reply.kind === 'attrs') return reply.attrs;
    if (reply.kind === 'status' && reply.code === statusCodes.noSuchFile) return null;
    throw new Error(`LSTAT: ${JSON.stringify(reply)}`);
  }

  upload(path: ByteString, file: Upload): Promise<void> {
    return file.data.length > smallFile ? this.#uploadLarge(path, file) : this.#uploadSmall(path, file);
  }

  /** Writes the first part of a large file and leaves it, as when the connection broke. */
  async uploadPartly(path: ByteString, data: Buffer): Promise<void> {
    const handle = await this.wire.open(path + partSuffix, write | create | truncate);
    await this.#writeFrom(handle, data, 0);
  }

  /** An upload that its user cancels, with its WRITEs still on the way, and does not want to resume. */
  async uploadCancelled(path: ByteString, data: Buffer): Promise<void> {
    const handle = await this.wire.open(path + partSuffix, write | create | truncate);
    const writing = this.#writeFrom(handle, data, 0);
    const ids = [
      this.wire.send({ kind: 'close', handle }),
      this.wire.send({ kind: 'remove', path: path + partSuffix }),
    ];
    for (const id of ids) await this.wire.succeeded(id);
    await writing.catch(() => undefined);
  }

  /** Downloads what `have` lacks; WinSCP keeps that as `NAME.filepart` on its own side. */
  async download(path: ByteString, have: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    const size = (await this.lstat(path))?.size ?? 0;
    const handle = await this.wire.open(path, read);
    const whole = Buffer.alloc(size);
    have.copy(whole);
    const block = this.#largestPacket - dataOverhead;
    await this.wire.queue(queues.read, ranges(have.length, size, block), (range) =>
      this.#readGaps(handle, whole, range),
    );
    // Beyond the end that was told stands the end.
    const reply = await this.wire.ask({ kind: 'read', handle, offset: size, length: block });
    if (reply.kind !== 'status' || reply.code !== statusCodes.eof) throw new Error('the file has grown');
    await this.wire.must({ kind: 'close', handle });
    return whole;
  }

  /** Two READDIRs are always on the way; the first end of the list is the end of both. */
  async list(path: ByteString): Promise<readonly ListedFile[]> {
    const { handle } = await this.wire.get('handle', { kind: 'opendir', path });
    const listed: NameEntry[] = [];
    const ask = (): number => this.wire.send({ kind: 'readdir', handle });
    const asked = Array.from({ length: queues.listing }, ask);
    for (let id = asked.shift(); id !== undefined; id = asked.shift()) {
      const reply: Reply = await this.wire.reply(id);
      if (reply.kind === 'name') {
        listed.push(...reply.entries);
        asked.push(ask());
      } else if (reply.kind !== 'status' || reply.code !== statusCodes.eof) {
        throw new Error(`READDIR: ${JSON.stringify(reply)}`);
      } else {
        for (const rest of asked.splice(0)) await this.wire.reply(rest);
      }
    }
    await this.wire.must({ kind: 'close', handle });
    return listed.map(parseLongname);
  }

  /** One request for each file, five on the way. */
  async checksums(paths: readonly ByteString[], algorithm: string): Promise<ReadonlyMap<ByteString, Buffer>> {
    const sums = new Map<ByteString, Buffer>();
    await this.wire.queue(queues.checksum, paths, async (path) => {
      const range = { start: 0, length: 0, blockSize: 0 };
      const asked = { kind: 'check-file-name', path, algorithms: algorithm, ...range } as const;
      const reply = await this.wire.get('check-file-name', asked);
      if (reply.algorithm !== algorithm) throw new Error(`hashed by ${reply.algorithm}`);
      sums.set(path, reply.hashes);
    });
    return sums;
  }

  /** A copy where the server has no copy-file: two handles, and the times and modes of the source afterwards. */
  async copyByHandles(from: ByteString, to: ByteString): Promise<void> {
    const { wire } = this;
    const { attrs } = await wire.get('attrs', { kind: 'stat', path: from });
    const source = await wire.open(from, read);
    const target = await wire.open(to, write | create | exclusive);
    const range = { from: source, fromOffset: 0, length: 0, to: target, toOffset: 0 };
    await wire.must({ kind: 'copy-data', ...range });
    const { atime = 0, mtime = 0, permissions = 0 } = attrs;
    const ids = [
      wire.send({ kind: 'close', handle: source }),
      wire.send({ kind: 'close', handle: target }),
      wire.send({ kind: 'setstat', path: to, attrs: { atime, mtime, permissions: permissions & 0o7777 } }),
    ];
    for (const id of ids) await wire.succeeded(id);
  }

  end(): void {
    this.wire.end();
  }

  /** LSTAT of both names, the part, REMOVE of the old file, RENAME, SETSTAT; the last two without waiting. */
  async #uploadLarge(path: ByteString, file: Upload): Promise<void> {
    const { wire } = this;
    const old = await this.lstat(path);
    const part = await this.lstat(path + partSuffix);
    const from = part?.size ?? 0;
    // To resume: neither TRUNC nor APPEND.
    const handle = await wire.open(path + partSuffix, part ? write | create : write | create | truncate);
    try {
      await this.#writeFrom(handle, file.data, from);
    } finally {
      await wire.must({ kind: 'close', handle });
    }
    if (old) await wire.must({ kind: 'remove', path });
    const ids = [
      wire.send({ kind: 'rename', from: path + partSuffix, to: path }),
      wire.send({ kind: 'setstat', path, attrs: attrsOf(file) }),
    ];
    for (const id of ids) await wire.succeeded(id);
  }

  /** OPEN with EXCL finds out whether the file is there; WRITE, CLOSE and SETSTAT follow without waiting. */
  async #uploadSmall(path: ByteString, file: Upload): Promise<void> {
    const { wire } = this;
    const made = await wire.ask({ kind: 'open', path, flags: write | create | exclusive, attrs: {} });
    const handle = made.kind === 'handle' ? made.handle : await this.#overwritten(path);
    const { data } = file;
    const ids = [
      ...(data.length > 0
        ? [wire.send({ kind: 'write', handle, offset: 0, data: [data], length: data.length })]
        : []),
      wire.send({ kind: 'close', handle }),
      wire.send({ kind: 'setstat', path, attrs: attrsOf(file) }),
    ];
    for (const id of ids) await wire.succeeded(id);
  }

  /** What WinSCP does once its user has agreed. */
  async #overwritten(path: ByteString): Promise<ByteString> {
    if (!(await this.lstat(path))) throw new Error('OPEN failed, and not because the file is there');
    return this.wire.open(path, write | create | truncate);
  }

  async #writeFrom(handle: ByteString, data: Buffer, from: number): Promise<void> {
    const block = this.#largestPacket - writeOverhead - handle.length;
    const refused: unknown[] = [];
    await this.wire.queue(queues.write, ranges(from, data.length, block), async ({ start, end }) => {
      // After the first refusal nothing more is sent; the answers to what is on the way are still read.
      if (refused.length > 0) return;
      await this.wire
        .must({
          ...{ kind: 'write', handle, offset: start, length: end - start },
          data: [data.subarray(start, end)],
        })
        .catch((thrown: unknown) => refused.push(thrown));
    });
    if (refused.length > 0) throw refused[0];
  }

  /** Asks for the whole range, and again for what a short answer left out. */
  async #readGaps(handle: ByteString, into: Buffer, { start, end }: Range): Promise<void> {
    for (let offset = start; offset < end;) {
      const { data } = await this.wire.get('data', { kind: 'read', handle, offset, length: end - offset });
      const bytes = Buffer.concat(data);
      bytes.copy(into, offset);
      offset += bytes.length;
    }
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function* ranges(from: number, to: number, block: number): Generator<Range> {
  for (let start = from; start < to; start += block) yield { start, end: Math.min(start + block, to) };
}

function attrsOf({ mtime, permissions }: Upload): Attrs {
  return { atime: mtime, mtime, permissions };
}

/** Splits the line at its spaces, as `ls -l` lines are split: modes, links, owner, group. */
function parseLongname({ name, longname, attrs }: NameEntry): ListedFile {
  const match = /^[-dlbcps][-rwxsStT]{9}[+@.]? +\d+ +(\S+) +(\S+) +\d+ /.exec(longname);
  if (!match) throw new Error(`not a line of ls -l: '${longname}'`);
  const [, owner = '', group = ''] = match;
  return { name, owner, group, attrs };
}

/** Version 3 has 32 bits for a time, and WinSCP takes them as signed. */
export function signedTime(mtime: number | undefined): number {
  return (mtime ?? 0) | 0;
}
