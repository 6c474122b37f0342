import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

interface Located {
  readonly real: string;
  readonly exists: boolean;
  /** (dev, ino) of the folder and of all above it, itself first; what is missing has none. */
  readonly inodes: readonly string[];
}

/**
 * Picks those of many homes that could be, contain or lie in a folder, by real path and by (dev, ino), so that only
 * they need to be judged (J5): a thousand accounts in one file would otherwise cost a million walks. Folders that
 * exist are looked at once; made for one command, it must not outlive it.
 */
export class RelatedHomes {
  readonly #known = new Map<string, Located>();
  readonly #inodes = new Map<string, string>();

  /** All of `homes` where the folder itself cannot be found out about. */
  among(homes: readonly string[], path: string): readonly string[] {
    const own = this.#locate(path);
    if (!own) return homes;
    return homes.filter((home) => {
      const other = this.#locate(home);
      return !other || within(own, other) || within(other, own);
    });
  }

  /** The home that is the same folder by another path (a bind mount), if there is one. */
  sameUnderAnotherPath(homes: readonly string[], path: string): string | null {
    const own = this.#locate(path);
    if (!own?.exists || homes.includes(own.real)) return null;
    const same = homes.find((home) => {
      const other = this.#locate(home);
      return other?.exists && other.inodes[0] === own.inodes[0];
    });
    return same ?? null;
  }

  #locate(path: string): Located | null {
    const known = this.#known.get(path);
    if (known) return known;
    const missing: string[] = [];
    let existing = resolve(path);
    let real: string | null = null;
    try {
      while (real === null) {
        if (statSync(existing, { throwIfNoEntry: false })) {
          real = realpathSync(existing);
        } else {
          missing.unshift(basename(existing));
          existing = dirname(existing);
        }
      }
      const exists = missing.length === 0;
      const located = { real: join(real, ...missing), exists, inodes: this.#inodesUpFrom(real) };
      if (exists) this.#known.set(path, located);
      return located;
    } catch {
      return null;
    }
  }

  #inodesUpFrom(folder: string): readonly string[] {
    const inodes: string[] = [];
    for (let at = folder; ; at = dirname(at)) {
      let inode = this.#inodes.get(at);
      if (inode === undefined) {
        const { dev, ino } = statSync(at, { bigint: true });
        inode = `${dev}:${ino}`;
        this.#inodes.set(at, inode);
      }
      inodes.push(inode);
      if (at === '/') return inodes;
    }
  }
}

/** Whether `inner` is `outer` or lies below it. */
function within(inner: Located, outer: Located): boolean {
  if (inner.real === outer.real || inner.real.startsWith(`${outer.real}/`)) return true;
  const [mark] = outer.inodes;
  return outer.exists && mark !== undefined && inner.inodes.includes(mark);
}
