import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { Link } from './link.js';
import { lostForGood } from './lost-for-good.js';
import { filepartOf } from './partial-names.js';
import type { RemoteKind, RemoteStat } from './remote.js';

/** A folder of the server that files are put into, and what was in it before. */
export interface TargetFolder {
  /** What has that name in it; `null` for nothing, `unknown` where nobody has looked. */
  kindOf(name: ByteString): RemoteKind | null;
  /** Whether neither the name nor its partial name was there. */
  isNew(name: ByteString): boolean;
}

const empty: TargetFolder = { kindOf: () => null, isNew: () => true };
const notLookedAt: TargetFolder = { kindOf: () => 'unknown', isNew: () => false };

/** A folder with more is not read for the sake of what may be a few files. */
const mostNames = 10_000;

/**
 * Makes a folder, or finds it there.
 * @param known what is known to have its name: nothing is asked that is known already
 * @throws Fault `not-a-folder` where something else has its name, and as `mkdir` does
 */
export async function targetFolder(
  link: Link,
  path: ByteString,
  {
    mode,
    known,
    signal,
  }: { readonly mode: number; readonly known: RemoteKind | null; readonly signal: AbortSignal },
): Promise<TargetFolder> {
  return link.use(async (remote) => {
    if (known !== 'folder') {
      try {
        await remote.mkdir(path, mode);
        return empty;
      } catch (thrown) {
        // The code for a name that is taken is FAILURE in version 3, and the words differ. [filexfer-02 7]
        if (lostForGood(thrown)) throw thrown;
        const there = await remote.stat(path).catch((fault: unknown) => {
          if (lostForGood(fault)) throw fault;
          return null;
        });
        if (!there) throw thrown;
        if (there.kind !== 'folder')
          throw new Fault('not-a-folder', `${toText(path)}: is there, and no folder`);
      }
    }
    const names = new Map<ByteString, RemoteKind>();
    try {
      for await (const batch of remote.list(path)) {
        for (const { name, stat } of batch) names.set(name, stat.kind);
        if (names.size > mostNames) return notLookedAt;
      }
    } catch (thrown) {
      // One may be allowed to write into it, and not to list it.
      if (lostForGood(thrown)) throw thrown;
      return notLookedAt;
    }
    return {
      kindOf: (name) => names.get(name) ?? null,
      isNew: (name) => !names.has(name) && !names.has(filepartOf(name)),
    };
  }, signal);
}

/** Mode and times of a folder, once nothing is put into it any more. */
export async function preserveRemoteFolder(
  link: Link,
  path: ByteString,
  stat: Required<Pick<RemoteStat, 'mode' | 'atime' | 'mtime'>>,
  signal: AbortSignal,
): Promise<void> {
  await link.use(
    (remote) => remote.setStat(path, { mode: stat.mode & 0o777, atime: stat.atime, mtime: stat.mtime }),
    signal,
  );
}
