import * as fs from 'node:fs';
import { realpath } from 'node:fs/promises';
import { Fault } from '../fault.js';
import { fromBytes, type ByteString } from '../names.js';
import { disk } from './disk-calls.js';
import { DiskHandle } from './disk-handle.js';
import { DiskListing } from './disk-listing.js';
import { diskFault } from './errno.js';
import { O_PATH, type Jail } from './jail.js';
import type { OpenRequest } from './jail-open.js';
import type { OpenInodes } from './open-inodes.js';
import type { PathOperations } from './path-thread.js';
import type { PathThreads } from './path-threads.js';
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

export interface DiskOptions {
  /** The home on the host; it must exist. */
  readonly root: string;
  readonly threads: PathThreads;
  /** Permission bits that new files and folders lack; the umask of the process plays no part. */
  readonly umask: number;
  /** The one registry of this process. */
  readonly inodes: OpenInodes;
}

/**
 * A folder of the host as a filesystem that nobody leaves (J1-J4, J6).
 * @throws Fault `not-found`, `not-a-folder`, `denied` where the folder cannot be opened
 */
export async function diskVfs(options: DiskOptions): Promise<Vfs> {
  let root: number | null = null;
  try {
    const realPath = fromBytes(await realpath(options.root, { encoding: 'buffer' }));
    root = await disk.open(options.root, O_PATH | fs.constants.O_DIRECTORY);
    const { dev, ino } = await disk.stat(root);
    // A home that is `/` would cut the first slash of every link.
    return new DiskVfs({ root, dev, realPath: realPath === '/' ? '' : realPath }, ino, options);
  } catch (thrown) {
    if (root !== null) await disk.close(root);
    throw diskFault(thrown);
  }
}

type Name = keyof PathOperations;
type Rest<N extends Name> = Omit<Parameters<PathOperations[N]>[0], 'jail'>;

class DiskVfs implements Vfs {
  readonly #jail: Jail;
  readonly #home: string;
  readonly #threads: PathThreads;
  readonly #umask: number;
  readonly #inodes: OpenInodes;
  #running = 0;
  #closed = false;
  #idle: (() => void) | null = null;

  constructor(jail: Jail, ino: number, { threads, umask, inodes }: DiskOptions) {
    this.#jail = jail;
    this.#home = `${jail.dev}:${ino}`;
    this.#threads = threads;
    this.#umask = umask;
    this.#inodes = inodes;
  }

  open(path: ByteString, options: OpenOptions): Promise<Handle> {
    return this.#open({ ...options, path, umask: this.#umask });
  }

  async #open(request: OpenRequest): Promise<DiskHandle> {
    const begun = this.#inodes.beginning();
    const { descriptor, stats, created } = await this.#run('open', { request }, request.create === true);
    const open = this.#inodes.enter(this.#home, stats, begun, () => disk.stat(descriptor));
    try {
      const truncated = request.truncate === true && !created;
      const size = truncated
        ? await open.turns.alone(async () => {
            await disk.truncate(descriptor, 0);
            return open.becomes(0);
          })
        : await open.turns.together(() => Promise.resolve(open.grewTo(0)));
      const { dev, ino } = stats;
      const write = request.write === true || request.append === true;
      return new DiskHandle({
        path: request.path,
        descriptor,
        inode: { dev, ino },
        open,
        opened: { kind: 'file', dev, ino, created, ...size, linksLeft: open.links },
        read: request.read === true || !write,
        write,
        append: request.append === true,
      });
    } catch (thrown) {
      open.leave();
      await disk.close(descriptor);
      throw thrown;
    }
  }

  async list(path: ByteString): Promise<Listing> {
    return new DiskListing(path, await this.#run('holdFolder', { path }), {
      statEach: (folder, names) =>
        this.#threads.run({ home: this.#home, alone: false }, 'statEach', { folder, names }),
      holdWithin: (folder, name) => this.#run('holdWithin', { folder, name }),
    });
  }

  stat(path: ByteString, { follow }: FollowOption): Promise<Stats> {
    return this.#run('stat', { path, follow });
  }

  async set(path: ByteString, attributes: SetAttributes, { follow }: FollowOption): Promise<Change> {
    const { size, ...others } = attributes;
    if (size === undefined) {
      return this.#inodes.sized(this.#home, await this.#run('set', { path, attributes: others, follow }));
    }
    // Truncation by path is a matter of the inode's other writers too: through a handle it takes its turn.
    const handle = await this.#open({ path, umask: this.#umask, write: true, nofollow: !follow });
    try {
      return await handle.set(attributes);
    } finally {
      await handle.close();
    }
  }

  mkdir(path: ByteString, mode: number): Promise<Change> {
    return this.#change('mkdir', { path, mode, umask: this.#umask });
  }

  rmdir(path: ByteString): Promise<Change> {
    return this.#change('rmdir', { path });
  }

  remove(path: ByteString): Promise<Change> {
    return this.#change('remove', { path });
  }

  rename(from: ByteString, to: ByteString, { replace }: { readonly replace: boolean }): Promise<Change> {
    return this.#change('rename', { path: from, to, replace });
  }

  link(existing: ByteString, name: ByteString): Promise<Change> {
    return this.#change('link', { path: existing, name });
  }

  symlink(name: ByteString, target: ByteString): Promise<Change> {
    return this.#change('symlink', { path: name, target });
  }

  readlink(path: ByteString): Promise<ByteString> {
    return this.#run('readlink', { path });
  }

  realpath(path: ByteString): Promise<ByteString> {
    return this.#run('realpath', { path });
  }

  space(path: ByteString): Promise<Space> {
    return this.#run('space', { path });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A path thread still walks from this descriptor: closed now, its number could soon mean another folder.
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await disk.close(this.#jail.root);
  }

  async #change<N extends 'mkdir' | 'rmdir' | 'remove' | 'rename' | 'link' | 'symlink'>(
    name: N,
    rest: Rest<N>,
  ): Promise<Change> {
    return this.#inodes.noted(this.#home, await this.#run<N>(name, rest, true));
  }

  async #run<N extends Exclude<Name, 'statEach'>>(
    name: N,
    rest: Rest<N>,
    alone = false,
  ): Promise<ReturnType<PathOperations[N]>> {
    if (this.#closed) throw new Fault('cancelled');
    this.#running++;
    try {
      const argument = { jail: this.#jail, ...rest } as unknown as Parameters<PathOperations[N]>[0];
      return await this.#threads.run({ home: this.#home, alone }, name, argument);
    } finally {
      if (--this.#running === 0) this.#idle?.();
    }
  }
}
