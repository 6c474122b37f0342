import { dirname, join } from 'node:path';
import { diskFiles, type DiskFiles, type HomeFiles } from '../home-files.js';
import { Fault } from '../fault.js';
import type { Account, Home } from '../store/accounts.js';
import { diskVfs } from '../vfs/disk.js';
import { assertApart, assertBeside, type Place } from '../vfs/forbidden-homes.js';
import { assertJailWorksFor } from '../vfs/self-test.js';
import type { Vfs } from '../vfs/vfs.js';
import { assertVfs, KeptOpen, type HomeSource } from './home-source.js';
import type { MadeHomes } from './made-homes.js';
import { TellingClose } from './telling-close.js';

export interface ChosenFilesParts {
  readonly disk: Omit<DiskFiles, 'folder'>;
  /** Absolute path of the folder that holds a folder for each account. */
  readonly homes: string | null;
  /** Folders that no granted home may contain or lie in (J5). */
  readonly apart: readonly string[];
  /** For accounts that have none of their own. */
  readonly vfs: HomeSource | null;
  readonly made: MadeHomes;
}

/** The files that a program chose for its accounts: folders, filesystems of its own, or both. */
export class ChosenFiles implements HomeFiles {
  readonly #parts: ChosenFilesParts;
  readonly #disk: HomeFiles;
  /** By account id. */
  readonly #own = new Map<number, HomeSource>();
  /** What a grant gave is that login's own: it is found by the very account that the login carries. */
  readonly #granted = new WeakMap<Account, HomeSource>();
  /** Folders that were granted, of the sessions that have them open. */
  readonly #open = new Set<GrantedPlace>();
  #jailWorks = false;
  readonly #numbers = new WeakMap<Vfs, number>();
  #lastNumber = 0;
  readonly #made: MadeHomes;
  /** By home id: where the files of homes are that are no filesystem of one login alone. */
  readonly #sources = new Map<number, HomeSource>();

  constructor(parts: ChosenFilesParts) {
    this.#parts = parts;
    this.#made = parts.made;
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
    this.#sources.set(account.home.id, source);
  }

  grant(account: Account, source: HomeSource): void {
    this.#granted.set(account, source);
    this.#sources.set(account.home.id, source);
  }

  /** A home is in the store no more. */
  forget(homeId: number): void {
    this.#sources.delete(homeId);
  }

  async open(account: Account, make: boolean): Promise<Vfs> {
    const source = this.#granted.get(account) ?? this.#own.get(account.id);
    if (!source)
      throw new Fault('failure', undefined, { cause: new Error('nobody said where its files are') });
    switch (source.kind) {
      case 'disk':
        // Those right in the folder of homes, which was tried, lie beside each other.
        if (!this.#granted.has(account) || dirname(source.path) === this.#parts.homes) {
          return this.#disk.open(account, make);
        }
        return this.#openGranted(account, source.path, make);
      case 'shared':
        // One that was granted may be another for the next login.
        return this.#made.opened(account.home, source.vfs, {
          lasting: !this.#granted.has(account),
          close: false,
        });
      case 'made': {
        const vfs: unknown = await source.make({ name: account.name });
        assertVfs(vfs, 'what the vfs function gave');
        return this.#made.opened(account.home, vfs, { lasting: false, close: true });
      }
    }
  }

  /** A folder that nobody has looked at before it was granted. @throws Fault with a sentence for the program */
  async #openGranted(account: Account, path: string, make: boolean): Promise<Vfs> {
    const home = await assertApart(path, this.#parts.apart);
    // Nothing is awaited from here until it is listed: of two that come at once, one would not see the other.
    for (const { accountId, place } of this.#open) {
      // An account whose home is another one now: its sessions before are about to end.
      if (accountId !== account.id) assertBeside(home, place);
    }
    if (!this.#jailWorks) assertJailWorksFor(path);
    this.#jailWorks = true;
    const listed = { accountId: account.id, place: home };
    this.#open.add(listed);
    const closed = (): void => void this.#open.delete(listed);
    try {
      return new TellingClose(await this.#disk.open(account, make), closed);
    } catch (thrown) {
      closed();
      throw thrown;
    }
  }

  /** What a function makes is a home of its own, one for each filesystem that it gives. */
  ledgerOf(account: Account, opened: Vfs): Home {
    return this.#made.homeOf(opened) ?? account.home;
  }

  /** The files of a home, for counting them. @throws Fault `not-found` when nobody has it open any more */
  async openHome(home: Home): Promise<Vfs> {
    const made = this.#made.vfsOf(home.id);
    if (made) return new KeptOpen(made);
    const source = this.#sources.get(home.id);
    if (source?.kind !== 'disk') throw new Fault('not-found', 'this home is not open');
    return diskVfs({ ...this.#parts.disk, root: source.path });
  }
}

interface GrantedPlace {
  readonly accountId: number;
  readonly place: Place;
}

/** The word for a home that is not on disk and that no other account has. */
export function ownPath(name: string): string {
  return `vfs of ${name.toLowerCase()}`;
}
