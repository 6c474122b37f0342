import { setImmediate } from 'node:timers/promises';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { matcher, tooMany, unescaped, unlessUnreadable, type Matcher } from '../pattern.js';
import type { Entry, Vfs } from '../vfs/vfs.js';
import type { Word } from './words.js';

/** What the words of one command may become: as many arguments, and bytes of them, as a Linux kernel passes to a program. */
const mostPaths = 65_536;
const mostBytes = 2 * 1024 * 1024;

/** Names that are looked at for one command, in all the folders that its patterns lead to. */
const mostNames = 1_000_000;

/** Names looked at before anything else gets its turn. */
const namesAtOnce = 64;

/** Counts paths up to the limits. */
class Paths {
  #count = 0;
  #bytes = 0;

  add(path: ByteString): void {
    this.#count++;
    this.#bytes += path.length;
    if (this.#count > mostPaths) throw tooMany(`patterns stand for ${mostPaths} names at most`);
    if (this.#bytes > mostBytes) throw tooMany(`patterns stand for ${mostBytes} bytes of names at most`);
  }
}

/** A part of a pattern between slashes. */
interface Part {
  /** The slashes before it, as many as were written. */
  readonly slashes: ByteString;
  readonly name: ByteString | Matcher;
}

/** Expands the patterns of one command; the limits hold for all of them together. */
export class Patterns {
  readonly #vfs: Vfs;
  readonly #signal: AbortSignal;
  readonly #found = new Paths();
  #names = 0;

  constructor(vfs: Vfs, signal: AbortSignal) {
    this.#vfs = vfs;
    this.#signal = signal;
  }

  /**
   * The paths that a word stands for, as a shell would expand it [POSIX XCU 2.13.3] [PROTOCOL 7.4.2]: what matches,
   * sorted by bytes; the word's own text where nothing does or nothing in it is a pattern. Symbolic links to folders
   * are followed; folders that cannot be looked into hold nothing.
   * @throws Fault `too-many` above the limits; `invalid` for a pattern that is not served; `cancelled` once the
   * signal aborts
   */
  async expand({ text, pattern }: Word): Promise<readonly ByteString[]> {
    if (pattern === null) return [text];
    const paths = await this.#matching(pattern);
    if (paths.length === 0) return [text];
    for (const path of paths) this.#found.add(path);
    return paths.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  async #matching(pattern: ByteString): Promise<readonly ByteString[]> {
    const parts = partsOf(pattern);
    const lastPattern = parts.findLastIndex(({ name }) => typeof name !== 'string');
    let paths: readonly ByteString[] = [''];
    for (const [index, { slashes, name }] of parts.entries()) {
      if (typeof name === 'string') paths = followedBy(paths, slashes + name);
      else paths = await this.#match(paths, slashes, name, index < parts.length - 1);
    }
    return lastPattern === parts.length - 1 ? paths : this.#existing(paths);
  }

  /** What matches in each of the folders; where more follows, only what may be a folder. */
  async #match(
    folders: readonly ByteString[],
    slashes: ByteString,
    matches: Matcher,
    foldersOnly: boolean,
  ): Promise<readonly ByteString[]> {
    const counted = new Paths();
    const found: ByteString[] = [];
    for (const folder of folders) {
      const before = folder + slashes;
      await unlessUnreadable(async () => {
        for await (const { name, stats } of this.#list(before)) {
          if (foldersOnly && stats.kind !== 'folder' && stats.kind !== 'symlink') continue;
          if (!matches(name)) continue;
          counted.add(before + name);
          found.push(before + name);
        }
      });
    }
    return found;
  }

  async *#list(folder: ByteString): AsyncGenerator<Entry> {
    this.#stopIfGone();
    const listing = await this.#vfs.list(folder === '' ? '/' : folder);
    try {
      for (;;) {
        // A filesystem in memory answers at once, always.
        await setImmediate();
        this.#stopIfGone();
        const entries = await listing.next(namesAtOnce);
        if (entries.length === 0) return;
        this.#names += entries.length;
        if (this.#names > mostNames) throw tooMany(`patterns look at ${mostNames} names at most`);
        yield* entries;
      }
    } finally {
      await listing.close();
    }
  }

  /** Of paths that end without a pattern, those that are there; with a slash at the end, those that are folders. */
  async #existing(paths: readonly ByteString[]): Promise<readonly ByteString[]> {
    const found: ByteString[] = [];
    for (const path of paths) {
      await setImmediate();
      this.#stopIfGone();
      const follow = path.endsWith('/');
      await unlessUnreadable(async () => {
        const { kind } = await this.#vfs.stat(path, { follow });
        if (!follow || kind === 'folder') found.push(path);
      });
    }
    return found;
  }

  #stopIfGone(): void {
    if (this.#signal.aborted) throw new Fault('cancelled');
  }
}

function partsOf(pattern: ByteString): readonly Part[] {
  return Array.from(pattern.matchAll(/(\/*)([^/]*)/g))
    .filter(([whole]) => whole !== '')
    .map(([, slashes = '', text = '']) => ({
      slashes,
      name: isPattern(text) ? matcher(text) : unescaped(text),
    }));
}

function isPattern(text: ByteString): boolean {
  return /[*?[]/.test(text.replace(/\\./gs, ''));
}

function followedBy(paths: readonly ByteString[], rest: ByteString): readonly ByteString[] {
  const counted = new Paths();
  return paths.map((path) => {
    const longer = path + rest;
    counted.add(longer);
    return longer;
  });
}
