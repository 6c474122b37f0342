import type { Readable, Writable } from 'node:stream';
import { Fault } from '../../fault.js';
import { hashAlgorithms, type HashAlgorithm } from '../../hash/algorithms.js';
import type { ByteString } from '../../names.js';
import type { AccountStatus } from '../../wire/account-status.js';
import { getStream } from '../get-stream.js';
import type { Link } from '../link.js';
import { localFromText } from '../local-path.js';
import { getMany, putMany } from '../many.js';
import { putStream } from '../put-stream.js';
import type { Remote, RemoteFacts, RemoteSpace } from '../remote.js';
import type { ManyOptions, ManyResult, TransferItem, TransferOptions } from '../transfer.js';
import { unlessAborted } from '../unless-aborted.js';
import { fileInfo, folderEntry, type FileInfo, type FolderEntry } from './files.js';
import { makeFolders, removeTree } from './folders.js';
import { pathBytes, plainText, type Path } from './paths.js';
import {
  transferOptions,
  transferred,
  TreeFault,
  type Transferred,
  type TransferSettings,
  type TreeSettings,
} from './transfers.js';

/** Ends what a method waits for, with the fault `cancelled`. */
export interface Abortable {
  readonly signal?: AbortSignal;
}

/** What a server says of itself and of the account. */
export interface ServerInfo {
  /** As the server identifies its software. [RFC 4253 4.2] */
  readonly ident: string;
  readonly product: RemoteFacts['product'];
  /** Names and values that the server announced. */
  readonly extensions: ReadonlyMap<string, string>;
  /** `null` where the server is no Plimsoll. */
  readonly account: AccountStatus | null;
  /** Room for more; `null` where the server does not say. */
  readonly space: RemoteSpace | null;
}

/**
 * A logged-in client. Every method rejects with `Fault`, whose `code` says what went wrong and whose `message` is a
 * sentence for people. A connection that breaks is made again, as often as `retries` says, and what was under way goes on.
 */
export class Client implements AsyncDisposable {
  readonly #link: Link;
  readonly #released: () => void;
  /** Where the server starts a session. */
  #start: ByteString | null = null;

  /** @internal */
  constructor(link: Link, released: () => void) {
    this.#link = link;
    this.#released = released;
  }

  /** The names in a folder, without `.` and `..`, in the server's order. */
  async list(folder: Path = '.', options: Abortable = {}): Promise<readonly FolderEntry[]> {
    const path = pathBytes(folder);
    return this.#use(options, async (remote) => {
      const entries: FolderEntry[] = [];
      for await (const batch of remote.list(path)) {
        throwIfAborted(options.signal);
        for (const entry of batch) entries.push(folderEntry(entry));
      }
      return entries;
    });
  }

  /** What the server says of a file; of a symlink itself with `follow: false`. @throws Fault `not-found` */
  async stat(path: Path, options: Abortable & { readonly follow?: boolean } = {}): Promise<FileInfo> {
    const name = pathBytes(path);
    return this.#use(options, async (remote) =>
      fileInfo(await (options.follow === false ? remote.lstat(name) : remote.stat(name))),
    );
  }

  /** Whether anything has that name, a symlink to nowhere too. */
  async exists(path: Path, options: Abortable = {}): Promise<boolean> {
    try {
      await this.stat(path, { ...options, follow: false });
      return true;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'not-found') return false;
      throw thrown;
    }
  }

  /** The absolute path behind a path, as the server writes it. */
  async realpath(path: Path = '.', options: Abortable = {}): Promise<string> {
    const name = pathBytes(path);
    return this.#use(options, async (remote) => plainText(await remote.realpath(name)));
  }

  /**
   * With `recursive` the folders above it too, and none of them need be missing.
   * @throws Fault `exists` otherwise, where anything has that name
   */
  async mkdir(
    path: Path,
    options: Abortable & { readonly mode?: number; readonly recursive?: boolean } = {},
  ): Promise<void> {
    const name = pathBytes(path);
    await this.#use(options, (remote) =>
      options.recursive === true ? makeFolders(remote, name, options.mode) : remote.mkdir(name, options.mode),
    );
  }

  /**
   * Removes a file, a symlink or an empty folder; with `recursive` a folder with everything in it, where symlinks are
   * removed and not followed. @throws Fault `not-empty`, `not-found`
   */
  async remove(path: Path, options: Abortable & { readonly recursive?: boolean } = {}): Promise<void> {
    const name = pathBytes(path);
    await this.#use(options, async (remote) => {
      const { kind } = await remote.lstat(name);
      if (kind !== 'folder') return remote.remove(name);
      return options.recursive === true ? removeTree(remote, name, options.signal) : remote.rmdir(name);
    });
  }

  /** With `replace` in the place of what has the new name. @throws Fault `exists` without */
  async rename(
    from: Path,
    to: Path,
    options: Abortable & { readonly replace?: boolean } = {},
  ): Promise<void> {
    const [source, target] = [pathBytes(from), pathBytes(to)];
    await this.#use(options, (remote) =>
      remote.rename(source, target, { replace: options.replace ?? false }),
    );
  }

  /** Copies a file on the server; nothing of it goes over the line. @throws Fault `unsupported` where it cannot */
  async copy(
    from: Path,
    to: Path,
    options: Abortable & { readonly overwrite?: boolean } = {},
  ): Promise<void> {
    const [source, target] = [pathBytes(from), pathBytes(to)];
    await this.#use(options, (remote) =>
      remote.copyFile(source, target, { overwrite: options.overwrite ?? false }),
    );
  }

  /** @param mode the bits below the type: `0o644` @throws Fault `invalid` for others */
  async chmod(path: Path, mode: number, options: Abortable = {}): Promise<void> {
    const name = pathBytes(path);
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
      throw new Fault('invalid', 'a mode is a number from 0 to 0o7777');
    }
    await this.#use(options, (remote) => remote.setStat(name, { mode }));
  }

  async setTimes(
    path: Path,
    times: { readonly accessed: Date; readonly modified: Date },
    options: Abortable = {},
  ): Promise<void> {
    const name = pathBytes(path);
    const [atime, mtime] = [seconds(times.accessed), seconds(times.modified)];
    await this.#use(options, (remote) => remote.setStat(name, { atime, mtime }));
  }

  /** @param target stored in the link as it is */
  async symlink(target: Path, link: Path, options: Abortable = {}): Promise<void> {
    const [stored, name] = [pathBytes(target), pathBytes(link)];
    await this.#use(options, (remote) => remote.symlink(stored, name));
  }

  async readlink(link: Path, options: Abortable = {}): Promise<string> {
    const name = pathBytes(link);
    return this.#use(options, async (remote) => plainText(await remote.readlink(name)));
  }

  /**
   * A hash that the server makes, in lower-case hexadecimal; `null` where it cannot make this one. `length` 0 is all up
   * to the end.
   */
  async hash(
    path: Path,
    options: Abortable & {
      readonly algorithm?: HashAlgorithm;
      readonly start?: number;
      readonly length?: number;
    } = {},
  ): Promise<string | null> {
    const name = pathBytes(path);
    const { algorithm = 'sha256', start = 0, length = 0 } = options;
    if (!Object.hasOwn(hashAlgorithms, algorithm)) {
      throw new Fault('invalid', `hash knows ${Object.keys(hashAlgorithms).join(', ')}`);
    }
    const absolute = await this.#absolute(name, options);
    return this.#use(options, async (remote) => {
      const made = await remote.hash(absolute, algorithm, { start, length });
      return made?.hash.toString('hex') ?? null;
    });
  }

  /** @param path whose room is asked for */
  async info(path: Path = '.', options: Abortable = {}): Promise<ServerInfo> {
    const name = pathBytes(path);
    return this.#use(options, async (remote) => {
      const { ident, product, extensions } = remote.facts;
      return {
        ident,
        product,
        extensions,
        account: await remote.accountStatus(),
        space: await remote.space(name),
      };
    });
  }

  /** Downloads a file to a file, or into a stream, which is ended. @throws Fault as `TransferSettings` say */
  async get(remote: Path, local: string | Writable, settings: TransferSettings = {}): Promise<Transferred> {
    const options = transferOptions(settings);
    const from = pathBytes(remote);
    if (typeof local === 'string') return this.#one(getMany, from, localBytes(local), options);
    return transferred(await getStream(this.#link, await this.#absolute(from, settings), local, options));
  }

  /** Uploads a file, or what a stream gives. @throws Fault as `TransferSettings` say */
  async put(local: string | Readable, remote: Path, settings: TransferSettings = {}): Promise<Transferred> {
    const options = transferOptions(settings);
    const to = pathBytes(remote);
    if (typeof local === 'string') return this.#one(putMany, to, localBytes(local), options);
    // It may break before anybody reads it, and without this the process with it.
    local.on('error', () => undefined);
    return transferred(await putStream(this.#link, local, await this.#absolute(to, settings), options));
  }

  /**
   * Downloads a folder with everything in it; `local` is what it becomes. Names of the server that would lead out of it
   * are refused. @throws TreeFault where some files failed; the others have arrived
   */
  async getTree(remote: Path, local: string, settings: TreeSettings = {}): Promise<readonly Transferred[]> {
    return this.#tree(getMany, pathBytes(remote), localBytes(local), settings);
  }

  /** Uploads a folder with everything in it; `remote` is what it becomes. @throws TreeFault as `getTree` */
  async putTree(local: string, remote: Path, settings: TreeSettings = {}): Promise<readonly Transferred[]> {
    return this.#tree(putMany, pathBytes(remote), localBytes(local), settings);
  }

  /** Ends the connection; what is under way fails with `no-connection`. */
  async close(): Promise<void> {
    await this.#link.end();
    this.#released();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #use<T>({ signal }: Abortable, work: (remote: Remote) => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const working = this.#link.use(work, signal);
    return signal ? unlessAborted(working, signal) : working;
  }

  /** A shell at the server, which may make a hash, need not be where the session started. */
  async #absolute(path: ByteString, options: Abortable): Promise<ByteString> {
    if (path.startsWith('/')) return path;
    this.#start ??= await this.#use(options, (remote) => remote.realpath('.'));
    return this.#start.endsWith('/') ? this.#start + path : `${this.#start}/${path}`;
  }

  async #one(
    move: Move,
    remote: ByteString,
    local: ByteString,
    options: TransferOptions,
  ): Promise<Transferred> {
    const item = { remote: await this.#absolute(remote, options), local };
    const { results, failed } = await move(this.#link, [item], { ...options, recursive: false, jobs: 1 });
    if (results[0]) return transferred(results[0]);
    throw failed[0]?.fault ?? new Fault('failure');
  }

  async #tree(
    move: Move,
    remote: ByteString,
    local: ByteString,
    settings: TreeSettings,
  ): Promise<readonly Transferred[]> {
    const { jobs = 4 } = settings;
    if (!Number.isInteger(jobs) || jobs < 1) throw new Fault('invalid', 'jobs is a whole number, at least 1');
    const options = { ...transferOptions(settings), recursive: true, jobs };
    const item = { remote: await this.#absolute(remote, settings), local };
    const { results, failed } = await move(this.#link, [item], options);
    const files = results.map(transferred);
    if (failed.length === 0) return files;
    throw new TreeFault(
      files,
      failed.map((one) => ({ remote: plainText(one.remote), local: plainText(one.local), fault: one.fault })),
    );
  }
}

type Move = (link: Link, items: readonly TransferItem[], options: ManyOptions) => Promise<ManyResult>;

function localBytes(path: string): ByteString {
  if (path === '') throw new Fault('bad-name', 'a path is missing');
  if (path.includes('\0')) throw new Fault('bad-name', 'a path with a NUL byte');
  return localFromText(path);
}

function seconds(time: Date): number {
  const value = Math.floor(time.getTime() / 1000);
  if (!(value >= 0 && value <= 0xffff_ffff)) throw new Fault('invalid', 'a time from 1970 to 2106');
  return value;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Fault('cancelled');
}
