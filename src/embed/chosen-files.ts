import { join } from 'node:path';
import { diskFiles, type DiskFiles, type HomeFiles } from '../home-files.js';
import { Fault } from '../fault.js';
import type { Account } from '../store/accounts.js';
import { assertApart } from '../vfs/forbidden-homes.js';
import { measure, type Usage } from '../vfs/measure.js';
import type { Vfs } from '../vfs/vfs.js';
import { assertVfs, KeptOpen, type HomeSource } from './home-source.js';

export interface ChosenFilesParts {
  readonly disk: Omit<DiskFiles, 'folder'>;
  /** Absolute path of the folder that holds a folder for each account. */
  readonly homes: string | null;
  /** Folders that no granted home may contain or lie in (J5). */
  readonly apart: readonly string[];
  /** For accounts that have none of their own. */
  readonly vfs: HomeSource | null;
}

/** The files that a program chose for its accounts: folders, filesystems of its own, or both. */
export class ChosenFiles implements HomeFiles {
  readonly #parts: ChosenFilesParts;
  readonly #disk: HomeFiles;
  /** By account id. */
  readonly #own = new Map<number, HomeSource>();
  /** What a grant gave is that login's own: it is found by the very account that the login carries. */
  readonly #granted = new WeakMap<Account, HomeSource>();
  readonly #numbers = new WeakMap<Vfs, number>();
  #lastNumber = 0;
  readonly #counting = new WeakMap<Vfs, Promise<Usage>>();

  constructor(parts: ChosenFilesParts) {
    this.#parts = parts;
    this.#disk = diskFiles({ ...parts.disk, folder: parts.homes });
  }

  /** Where an account's files come from, or `null` where nobody said. */
  sourceOf(name: string, own: HomeSource | null): HomeSource | null {
    const { vfs, homes } = this.#parts;
    return own ?? vfs ?? (homes === null ? null : { kind: 'disk', path: join(homes, name) });
  }

  /** What stands for the home in the store: the folder, or a word. Accounts with one home have one line. */
  pathOf(name: string, source: HomeSource): string {
    if (source.kind === 'disk') return source.path;
    if (source.kind === 'made') return ownPath(name);
    let number = this.#numbers.get(source.vfs);
    if (number === undefined) this.#numbers.set(source.vfs, (number = ++this.#lastNumber));
    return `vfs ${number}`;
  }

  keep(account: Account, source: HomeSource): void {
    this.#own.set(account.id, source);
  }

  grant(account: Account, source: HomeSource): void {
    this.#granted.set(account, source);
  }

  async open(account: Account, make: boolean): Promise<Vfs> {
    const source = this.#granted.get(account) ?? this.#own.get(account.id);
    if (!source)
      throw new Fault('failure', undefined, { cause: new Error('nobody said where its files are') });
    switch (source.kind) {
      case 'disk':
        if (this.#granted.has(account) && !this.#isBelowHomes(source.path)) {
          await assertApart(source.path, this.#parts.apart);
        }
        return this.#disk.open(account, make);
      case 'shared':
        return new KeptOpen(source.vfs);
      case 'made': {
        const vfs: unknown = await source.make({ name: account.name });
        assertVfs(vfs, 'what the vfs function gave');
        return vfs;
      }
    }
  }

  #isBelowHomes(path: string): boolean {
    const { homes } = this.#parts;
    return homes !== null && path.startsWith(join(homes, '/'));
  }

  usage(account: Account, opened: Vfs): Promise<Usage> {
    const source = this.#granted.get(account) ?? this.#own.get(account.id);
    if (source?.kind === 'disk') return this.#disk.usage(account, opened);
    const counted = source?.kind === 'shared' ? source.vfs : opened;
    const running =
      this.#counting.get(counted) ?? measure(counted).finally(() => this.#counting.delete(counted));
    this.#counting.set(counted, running);
    return running;
  }
}

/** The word for a home that is not on disk and that no other account has. */
export function ownPath(name: string): string {
  return `vfs of ${name.toLowerCase()}`;
}
