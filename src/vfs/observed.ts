import { toFault, type Fault, type FaultCode } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { Actor, EventCatalogue, Events } from '../observe/events.js';
import { pathMax } from './path.js';
import { DelegatingHandle, DelegatingVfs } from './delegating.js';
import type {
  Change,
  FollowOption,
  Handle,
  Listing,
  OpenOptions,
  SetAttributes,
  Space,
  Stats,
  Vfs,
} from './vfs.js';

export interface Observation {
  readonly events: Events;
  readonly actor: Actor;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Whether the session has ended, so that files closed from now on were left open by the client. */
  readonly ended?: () => boolean;
}

type Changing = EventCatalogue['entry.changed']['operation'];

/** Answers rather than refusals: clients ask for what may not be there all the time. */
const answers: ReadonlySet<FaultCode> = new Set(['not-found', 'end-of-file', 'bad-handle', 'cancelled']);

/** Tells what happens in a filesystem. Reads and writes only count; they emit nothing unless they are refused. */
export function observed(vfs: Vfs, observation: Observation): Vfs {
  return new ObservedVfs(vfs, new Observer(observation));
}

/** Paths are refused where they are too long, but told all the same: a request may carry a quarter of a megabyte. */
function told(path: ByteString): string {
  return path.length > pathMax ? `${toText(path.slice(0, pathMax))}...` : toText(path);
}

/** @param mistake whether a filesystem threw what is no fault: its stack says where */
function why(cause: Error, mistake: boolean): string {
  return mistake ? (cause.stack ?? cause.message) : cause.message;
}

class Observer {
  readonly #events: Events;
  readonly #actor: Actor;
  readonly now: () => number;
  readonly ended: () => boolean;

  constructor({ events, actor, now = () => performance.now(), ended = () => false }: Observation) {
    this.#events = events;
    // Only what the catalogue knows: whoever composed the actor may carry more.
    this.#actor = { connection: actor.connection, address: actor.address, account: actor.account };
    this.now = now;
    this.ended = ended;
  }

  opened(path: ByteString, read: boolean, write: boolean, created: boolean): void {
    this.#events.emit('file.opened', { ...this.#actor, path: told(path), read, write, created });
  }

  closed(
    path: ByteString,
    rest: Omit<EventCatalogue['file.closed'], keyof Actor | 'path' | 'complete'>,
    complete: boolean,
  ): void {
    this.#events.emit('file.closed', { ...this.#actor, path: told(path), ...rest, complete });
  }

  changed(operation: Changing, path: ByteString, target?: ByteString): void {
    this.#events.emit('entry.changed', {
      ...this.#actor,
      operation,
      path: told(path),
      ...(target === undefined ? {} : { target: told(target) }),
    });
  }

  refused(operation: string, path: ByteString, thrown: unknown): void {
    const { code, message, cause } = toFault(thrown);
    if (answers.has(code)) return;
    const request = { ...this.#actor, operation, path: told(path) };
    if (code === 'failure') {
      const text =
        cause instanceof Error ? why(cause, cause === thrown) : typeof cause === 'string' ? cause : message;
      this.#events.emit('request.failed', { ...request, cause: text });
    } else {
      this.#events.emit('request.refused', { ...request, fault: code, message });
    }
  }

  async watch<T>(operation: string, path: ByteString, doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (thrown) {
      this.refused(operation, path, thrown);
      // As what it was told: whoever answers the client tells of anything else itself.
      throw toFault(thrown);
    }
  }

  async change(
    operation: Changing,
    path: ByteString,
    doing: Promise<Change>,
    target?: ByteString,
  ): Promise<Change> {
    const change = await this.watch(operation, path, doing);
    this.changed(operation, path, target);
    return change;
  }
}

class ObservedVfs extends DelegatingVfs {
  readonly #observer: Observer;
  #closed = false;

  constructor(inner: Vfs, observer: Observer) {
    super(inner);
    this.#observer = observer;
  }

  override async open(path: ByteString, options: OpenOptions): Promise<Handle> {
    const handle = await this.#observer.watch('open', path, super.open(path, options));
    const write = options.write === true || options.append === true;
    this.#observer.opened(path, options.read === true || !write, write, handle.opened.created);
    return new ObservedHandle(handle, this.#observer, () => this.#closed);
  }

  override list(path: ByteString): Promise<Listing> {
    return this.#observer.watch('list', path, super.list(path));
  }

  override stat(path: ByteString, options: FollowOption): Promise<Stats> {
    return this.#observer.watch('stat', path, super.stat(path, options));
  }

  override set(path: ByteString, attributes: SetAttributes, options: FollowOption): Promise<Change> {
    return this.#observer.change('set', path, super.set(path, attributes, options));
  }

  override mkdir(path: ByteString, mode: number): Promise<Change> {
    return this.#observer.change('mkdir', path, super.mkdir(path, mode));
  }

  override rmdir(path: ByteString): Promise<Change> {
    return this.#observer.change('rmdir', path, super.rmdir(path));
  }

  override remove(path: ByteString): Promise<Change> {
    return this.#observer.change('remove', path, super.remove(path));
  }

  override rename(from: ByteString, to: ByteString, options: { readonly replace: boolean }): Promise<Change> {
    return this.#observer.change('rename', from, super.rename(from, to, options), to);
  }

  override link(existing: ByteString, name: ByteString): Promise<Change> {
    return this.#observer.change('link', name, super.link(existing, name), existing);
  }

  override symlink(name: ByteString, target: ByteString): Promise<Change> {
    return this.#observer.change('symlink', name, super.symlink(name, target), target);
  }

  override readlink(path: ByteString): Promise<ByteString> {
    return this.#observer.watch('readlink', path, super.readlink(path));
  }

  override realpath(path: ByteString): Promise<ByteString> {
    return this.#observer.watch('realpath', path, super.realpath(path));
  }

  override space(path: ByteString): Promise<Space> {
    return this.#observer.watch('space', path, super.space(path));
  }

  override close(): Promise<void> {
    this.#closed = true;
    return super.close();
  }
}

class ObservedHandle extends DelegatingHandle {
  readonly #observer: Observer;
  readonly #vfsClosed: () => boolean;
  readonly #since: number;
  /** Faults already told: a client whose write was refused has dozens more on the way. */
  readonly #told = new Set<string>();
  #bytesRead = 0;
  #bytesWritten = 0;
  /** As this handle last saw it; to ask the disk once more at the end would cost every file a call. */
  #size: number;
  #closed = false;

  constructor(inner: Handle, observer: Observer, vfsClosed: () => boolean) {
    super(inner);
    this.#observer = observer;
    this.#vfsClosed = vfsClosed;
    this.#since = observer.now();
    this.#size = inner.opened.bytesAfter;
  }

  override async read(into: Buffer, position: number): Promise<number> {
    try {
      const count = await super.read(into, position);
      // A program's own filesystem may say anything; beyond the block lies what others read.
      if (!Number.isInteger(count) || count < 0 || count > into.length) {
        throw new RangeError(`a read of ${into.length} bytes gave ${String(count)}`);
      }
      this.#bytesRead += count;
      return count;
    } catch (thrown) {
      throw this.#tell('read', thrown);
    }
  }

  override async write(slices: readonly Buffer[], position: number): Promise<Change> {
    try {
      const change = await super.write(slices, position);
      for (const { length } of slices) this.#bytesWritten += length;
      this.#size = change.bytesAfter;
      return change;
    } catch (thrown) {
      throw this.#tell('write', thrown);
    }
  }

  override async set(attributes: SetAttributes): Promise<Change> {
    try {
      const change = await super.set(attributes);
      this.#size = change.bytesAfter;
      this.#observer.changed('set', this.path);
      return change;
    } catch (thrown) {
      throw this.#tell('set', thrown);
    }
  }

  override async sync(): Promise<void> {
    try {
      await super.sync();
    } catch (thrown) {
      throw this.#tell('sync', thrown);
    }
  }

  override async close(ending?: { readonly complete: boolean }): Promise<void> {
    const complete = ending?.complete !== false && !this.#vfsClosed() && !this.#observer.ended();
    const again = this.#closed;
    this.#closed = true;
    try {
      await super.close(ending);
    } catch (thrown) {
      throw this.#tell('close', thrown);
    } finally {
      const seconds = (this.#observer.now() - this.#since) / 1000;
      const [bytesRead, bytesWritten, size] = [this.#bytesRead, this.#bytesWritten, this.#size];
      if (!again) this.#observer.closed(this.path, { bytesRead, bytesWritten, size, seconds }, complete);
    }
  }

  #tell(operation: string, thrown: unknown): Fault {
    const fault = toFault(thrown);
    const key = `${operation} ${fault.code}`;
    if (!this.#told.has(key)) {
      this.#told.add(key);
      this.#observer.refused(operation, this.path, thrown);
    }
    return fault;
  }
}
