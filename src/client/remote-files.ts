import type { Client } from 'ssh2';
import { Fault } from '../fault.js';
import type { HashAlgorithm } from '../hash/algorithms.js';
import { toText, type ByteString } from '../names.js';
import type { AccountStatus } from '../wire/account-status.js';
import type { NameEntry } from '../wire/attrs.js';
import { filesystemFlags } from '../wire/extensions.js';
import { openFlags } from '../wire/open-flags.js';
import { Foresight } from './foresight.js';
import { inside } from './internals.js';
import { RemoteFile } from './remote-file.js';
import { changeAttrs, remoteStat } from './remote-stat.js';
import type {
  OpenMode,
  PreparedHash,
  Question,
  Range,
  Remote,
  RemoteChange,
  RemoteEntry,
  RemoteFacts,
  RemoteHandle,
  RemoteHash,
  RemoteOutput,
  RemoteSpace,
  RemoteStat,
} from './remote.js';
import { runCommand } from './run-command.js';
import { ServerHashes } from './server-hash.js';
import { Session } from './session.js';
import { firstQuestions, isKnown, productOf, renameKeeps } from './session-facts.js';

export interface RemoteOptions {
  /** An open `sftp` subsystem. */
  readonly channel: Parameters<typeof inside>[0];
  readonly client: Client;
  /** The server's identification string. */
  readonly ident: string;
  /** Milliseconds without any byte after which what waits fails with `timed-out`. */
  readonly timeout: number;
  /** Ends the connection for this reason. */
  readonly abandon: (fault: Fault) => void;
}

/** Begins an SFTP session on a channel. @throws Fault `no-connection`, `unsupported`, `timed-out`, `bad-message` */
export async function openRemote({
  channel,
  client,
  ident,
  timeout,
  abandon,
}: RemoteOptions): Promise<Remote> {
  const session = new Session({ channel: inside(channel), timeout, abandon });
  const starting = session.start();
  // These take requests behind INIT before they have answered it: two round trips less on a far line.
  const early = isKnown(ident) ? firstQuestions(session) : null;
  const { version, pairs } = await starting;
  const extensions = new Map(pairs.map(([name, value]) => [name, value] as const));
  const asked = early ?? firstQuestions(session, extensions);
  const sizes = await asked.sizes;
  const product = productOf(extensions);
  await asked.start.catch(() => undefined);
  const facts = {
    ident,
    version,
    extensions,
    product,
    ...sizes,
    roundTrip: session.roundTrip,
    renameKeeps: renameKeeps(ident, product),
  };
  return new SftpRemote(session, client, facts, asked.start);
}

/** `Remote` over one session. */
class SftpRemote implements Remote {
  readonly #session: Session;
  readonly #client: Client;
  readonly facts: RemoteFacts;
  readonly #hashes: ServerHashes;
  readonly #foresight: Foresight;
  /** Where the session started; it stays so. */
  readonly #start: Promise<ByteString | null>;

  constructor(session: Session, client: Client, facts: RemoteFacts, start: Promise<ByteString | null>) {
    this.#session = session;
    this.#start = start;
    this.#client = client;
    this.facts = facts;
    this.#hashes = new ServerHashes({
      session,
      has: (extension) => this.has(extension),
      exec: (command, signal, go) => runCommand(client, command, signal, go),
    });
    this.#foresight = new Foresight({
      ask: {
        stat: (path) => this.#stat('stat', path),
        lstat: (path) => this.#stat('lstat', path),
        space: (path) => this.#space(path),
      },
      asked: () => session.asked,
    });
  }

  has(extension: string): boolean {
    return this.facts.extensions.has(extension);
  }

  hashesCheaply(algorithm: HashAlgorithm): boolean {
    return this.#hashes.isCheap(algorithm);
  }

  takeStderr(): string {
    return this.#session.takeStderr();
  }

  async realpath(path: ByteString): Promise<ByteString> {
    const start = path === '.' ? await this.#start.catch(() => null) : null;
    return start ?? this.#oneName({ kind: 'realpath', path });
  }

  foresee(questions: readonly Question[]): void {
    this.#foresight.foresee(questions);
  }

  stat(path: ByteString): Promise<RemoteStat> {
    return this.#foresight.answer('stat', path);
  }

  lstat(path: ByteString): Promise<RemoteStat> {
    return this.#foresight.answer('lstat', path);
  }

  /** Two READDIRs are under way, so that one round trip is spared for each. */
  async *list(folder: ByteString): AsyncGenerator<readonly RemoteEntry[]> {
    const { handle } = await this.#session.get('handle', { kind: 'opendir', path: folder });
    const next = (): Promise<readonly RemoteEntry[] | null> => {
      const batch = this.#readdir(handle);
      // Awaited when whoever reads has done with the one before: a fault until then is no unhandled one.
      batch.catch(() => undefined);
      return batch;
    };
    const ahead = [next(), next()];
    try {
      for (let batch = await ahead.shift(); batch; batch = await ahead.shift()) {
        ahead.push(next());
        yield batch;
      }
    } finally {
      await Promise.allSettled(ahead);
      await this.#session.get('status', { kind: 'close', handle }).catch(() => undefined);
    }
  }

  async open(path: ByteString, mode: OpenMode): Promise<RemoteHandle> {
    const attrs = mode.mode === undefined ? {} : changeAttrs({ mode: mode.mode });
    const { handle } = await this.#session.get('handle', { kind: 'open', path, flags: flagsOf(mode), attrs });
    return new RemoteFile(this.#session, handle, this.has('fsync@openssh.com'));
  }

  async mkdir(path: ByteString, mode?: number): Promise<void> {
    const attrs = mode === undefined ? {} : changeAttrs({ mode });
    await this.#session.get('status', { kind: 'mkdir', path, attrs });
  }

  async rmdir(path: ByteString): Promise<void> {
    await this.#session.get('status', { kind: 'rmdir', path });
  }

  async remove(path: ByteString): Promise<void> {
    await this.#session.get('status', { kind: 'remove', path });
  }

  async rename(from: ByteString, to: ByteString, { replace }: { readonly replace: boolean }): Promise<void> {
    if (replace && this.has('posix-rename@openssh.com')) {
      await this.#session.get('status', { kind: 'posix-rename@openssh.com', from, to });
      return;
    }
    // There are servers whose RENAME replaces.
    if (!replace && !this.facts.renameKeeps && (await this.#isThere(to)))
      throw new Fault('exists', `${toText(to)} exists already`);
    try {
      await this.#session.get('status', { kind: 'rename', from, to });
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== 'failure' || !(await this.#isThere(to))) throw thrown;
      if (!replace) throw new Fault('exists', `${toText(to)} exists already`);
      // FAILURE may have any reason: what is there goes only where something can take its place.
      if (!(await this.#isThere(from))) throw thrown;
      await this.remove(to);
      await this.#session.get('status', { kind: 'rename', from, to });
    }
  }

  /** The target first, as OpenSSH has it: all servers that do not read our name as that of a friend do. [PROTOCOL 3.2] */
  async symlink(target: ByteString, link: ByteString): Promise<void> {
    await this.#session.get('status', { kind: 'symlink', first: target, second: link });
  }

  async readlink(path: ByteString): Promise<ByteString> {
    return this.#oneName({ kind: 'readlink', path });
  }

  async hardlink(existing: ByteString, name: ByteString): Promise<void> {
    this.#needs('hardlink@openssh.com', 'make hard links');
    await this.#session.get('status', { kind: 'hardlink@openssh.com', existing, name });
  }

  async setStat(
    path: ByteString,
    change: RemoteChange,
    { follow }: { readonly follow: boolean } = { follow: true },
  ): Promise<void> {
    if (!follow) this.#needs('lsetstat@openssh.com', 'change a symbolic link itself');
    const kind = follow ? 'setstat' : 'lsetstat@openssh.com';
    await this.#session.get('status', { kind, path, attrs: changeAttrs(change) });
  }

  async copyFile(
    from: ByteString,
    to: ByteString,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<void> {
    if (this.has('copy-file')) {
      await this.#session.get('status', { kind: 'copy-file', from, to, overwrite }, true);
      return;
    }
    this.#needs('copy-data', 'copy files');
    const source = await this.#handle(from, { read: true });
    try {
      const { attrs } = await this.#session.get('attrs', { kind: 'fstat', handle: source });
      // Not truncated: it may be a link to the source, which would lose everything.
      const target = await this.#handle(to, { write: true, create: true, exclusive: !overwrite });
      try {
        await this.#session.get(
          'status',
          { kind: 'copy-data', from: source, fromOffset: 0, length: 0, to: target, toOffset: 0 },
          true,
        );
        if (overwrite && attrs.size !== undefined) {
          const change = { kind: 'fsetstat', handle: target, attrs: { size: attrs.size } } as const;
          await this.#session.get('status', change);
        }
      } catch (thrown) {
        // Nobody wants the beginning of a copy under the name of the whole.
        if (!overwrite) await this.remove(to).catch(() => undefined);
        throw thrown;
      } finally {
        await this.#session.get('status', { kind: 'close', handle: target });
      }
    } finally {
      await this.#session.get('status', { kind: 'close', handle: source });
    }
  }

  space(path: ByteString): Promise<RemoteSpace | null> {
    return this.#foresight.answer('space', path);
  }

  async #space(path: ByteString): Promise<RemoteSpace | null> {
    const [exact, whole] = await Promise.all([
      this.has('space-available')
        ? this.#session.get('space-available', { kind: 'space-available', path })
        : null,
      this.has('statvfs@openssh.com')
        ? this.#session.get('statvfs@openssh.com', { kind: 'statvfs@openssh.com', path })
        : null,
    ]);
    if (!exact && !whole) return null;
    return {
      free: exact ? exact.unusedBytesAvailableToUser : (whole?.bavail ?? 0) * (whole?.frsize ?? 0),
      total: exact ? exact.bytesAvailableToUser : (whole?.blocks ?? 0) * (whole?.frsize ?? 0),
      // Filesystems that make inodes as they are needed say 0 of 0.
      freeFiles: whole && whole.files > 0 ? whole.favail : null,
      totalFiles: whole && whole.files > 0 ? whole.files : null,
      readOnly: whole !== null && (whole.flag & filesystemFlags.readOnly) !== 0,
    };
  }

  async accountStatus(): Promise<AccountStatus | null> {
    if (!this.has('account-status@plimsoll')) return null;
    const { status } = await this.#session.get('account-status@plimsoll', {
      kind: 'account-status@plimsoll',
    });
    try {
      return JSON.parse(status) as AccountStatus;
    } catch (cause) {
      throw new Fault('bad-message', 'the server says of the account what is no JSON', { cause });
    }
  }

  async owners(
    uids: readonly number[],
    gids: readonly number[],
  ): Promise<{ readonly users: readonly string[]; readonly groups: readonly string[] } | null> {
    const kind = 'users-groups-by-id@openssh.com';
    if (!this.has(kind)) return null;
    const reply = await this.#session.get(kind, { kind, uids: [...uids], gids: [...gids] });
    return { users: reply.usernames.map(toText), groups: reply.groupnames.map(toText) };
  }

  async hash(path: ByteString, algorithm: HashAlgorithm, range: Range): Promise<RemoteHash | null> {
    const start = this.hashesCheaply(algorithm) ? null : await this.#start.catch(() => null);
    return this.#hashes.hash(fromStart(start, path), algorithm, range);
  }

  prepareHash(path: ByteString, algorithm: HashAlgorithm): PreparedHash | null {
    return path.startsWith('/') ? this.#hashes.prepare(path, algorithm) : null;
  }

  exec(command: ByteString, signal?: AbortSignal): Promise<RemoteOutput> {
    return runCommand(this.#client, command, signal);
  }

  async #handle(path: ByteString, mode: OpenMode): Promise<ByteString> {
    return (await this.#session.get('handle', { kind: 'open', path, flags: flagsOf(mode), attrs: {} }))
      .handle;
  }

  async #stat(kind: 'stat' | 'lstat', path: ByteString): Promise<RemoteStat> {
    return remoteStat((await this.#session.get('attrs', { kind, path })).attrs);
  }

  async #readdir(handle: ByteString): Promise<readonly RemoteEntry[] | null> {
    try {
      const { entries } = await this.#session.get('name', { kind: 'readdir', handle });
      // Nothing is no answer but the end; a server could give it for ever.
      if (entries.length === 0) return null;
      return entries.filter(({ name }) => name !== '.' && name !== '..').map(remoteEntry);
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'end-of-file') return null;
      throw thrown;
    }
  }

  async #oneName(
    request:
      { readonly kind: 'realpath'; path: ByteString } | { readonly kind: 'readlink'; path: ByteString },
  ): Promise<ByteString> {
    const { entries } = await this.#session.get('name', request);
    const [entry] = entries;
    if (!entry) throw new Fault('bad-message', 'the server answers with no name');
    return entry.name;
  }

  async #isThere(path: ByteString): Promise<boolean> {
    try {
      await this.lstat(path);
      return true;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'not-found') return false;
      throw thrown;
    }
  }

  #needs(extension: string, what: string): void {
    if (!this.has(extension)) throw new Fault('unsupported', `this server cannot ${what} (no ${extension})`);
  }
}

/** A shell need not start where the session did. */
function fromStart(start: ByteString | null, path: ByteString): ByteString {
  return start === null || path.startsWith('/') ? path : `${start.replace(/\/$/, '')}/${path}`;
}

function remoteEntry({ name, longname, attrs }: NameEntry): RemoteEntry {
  return { name, longname, stat: remoteStat(attrs) };
}

function flagsOf(mode: OpenMode): number {
  return (
    (mode.read ? openFlags.read : 0) |
    (mode.write ? openFlags.write : 0) |
    (mode.create ? openFlags.create : 0) |
    (mode.exclusive ? openFlags.exclusive : 0) |
    (mode.truncate ? openFlags.truncate : 0)
  );
}
