import { unlessAborted } from '../../client/unless-aborted.js';
import type { Remote, RemoteKind } from '../../client/remote.js';
import type { ByteString } from '../../names.js';
import { localNames } from './local-list.js';
import { isName, joinRemote } from './remote-path.js';

export interface FolderName {
  readonly name: ByteString;
  readonly kind: RemoteKind;
}

/** A side whose names can be completed. Its promises may never settle. */
export interface NamedSide {
  list(folder: ByteString): AsyncIterable<readonly FolderName[]>;
  /** Follows symlinks. */
  isFolder(path: ByteString): Promise<boolean>;
}

export function remoteSide(remote: Remote): NamedSide {
  return {
    async *list(folder) {
      for await (const batch of remote.list(folder)) {
        yield batch.map(({ name, stat }) => ({ name, kind: stat.kind }));
      }
    },
    isFolder: async (path) => (await remote.stat(path)).kind === 'folder',
  };
}

export const localSide: NamedSide = {
  list: localNames,
  isFolder: async (path) => {
    // Listing it says whether it is one, wherever a link leads.
    for await (const batch of localNames(path)) if (batch.length >= 0) break;
    return true;
  },
};

/** Milliseconds that a listing is used again: for the next Tab of the same word. */
const fresh = 3_000;
/** Names that are looked at for one Tab: who answers may be endless. */
const most = 20_000;

/** Listings of a moment ago. */
export class FolderNames {
  readonly #now: () => number;
  #kept: {
    readonly side: NamedSide;
    readonly folder: ByteString;
    readonly until: number;
    names: readonly FolderName[];
  } | null = null;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Commands change what is there. */
  forget(): void {
    this.#kept = null;
  }

  /**
   * The names in a folder; none where it cannot be looked into. Rejects as soon as `signal` aborts, whatever the server
   * does.
   */
  async in(side: NamedSide, folder: ByteString, signal: AbortSignal): Promise<readonly FolderName[]> {
    const kept = this.#kept;
    if (kept?.side === side && kept.folder === folder && this.#now() < kept.until) return kept.names;
    const names = await unlessAborted(listed(side, folder, signal), signal);
    this.#kept = { side, folder, until: this.#now() + fresh, names };
    return names;
  }

  async isFolder(
    side: NamedSide,
    folder: ByteString,
    name: FolderName,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (name.kind === 'folder') return true;
    if (name.kind === 'file' || name.kind === 'other') return false;
    return unlessAborted(
      side.isFolder(joinRemote(folder, name.name)).catch(() => false),
      signal,
    );
  }
}

async function listed(
  side: NamedSide,
  folder: ByteString,
  signal: AbortSignal,
): Promise<readonly FolderName[]> {
  const names: FolderName[] = [];
  try {
    for await (const batch of side.list(folder)) {
      for (const one of batch) if (isName(one.name)) names.push(one);
      if (signal.aborted || names.length > most) break;
    }
  } catch {
    return [];
  }
  return names;
}
