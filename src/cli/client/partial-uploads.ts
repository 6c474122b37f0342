import type { Remote, RemoteStat } from '../../client/remote.js';
import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import { atOnce } from './at-once.js';
import { isName, joinRemote } from './remote-path.js';

/** Folders that are looked into unless all are asked for: some seconds over a slow line. */
const mostFolders = 500;
/** Names that are looked at in any case, and partial files that are told of. */
const mostNames = 2_000_000;
const mostFound = 10_000;

export interface PartialUpload {
  readonly path: ByteString;
  readonly stat: RemoteStat;
}

export interface PartialUploads {
  readonly found: readonly PartialUpload[];
  /** Folders that were looked into. */
  readonly folders: number;
  /** Whether there was no other folder. */
  readonly complete: boolean;
}

/**
 * Files named `*.filepart` below a folder: uploads that were begun and not completed. The nearest folders first, several
 * at once; links are not followed, and what cannot be read is passed over.
 */
export async function partialUploads(
  remote: Remote,
  root: ByteString,
  { all, signal }: { readonly all: boolean; readonly signal: AbortSignal },
): Promise<PartialUploads> {
  const found: PartialUpload[] = [];
  let level: readonly ByteString[] = [root];
  let folders = 0;
  let names = 0;
  let complete = true;
  while (level.length > 0) {
    const room = all ? level.length : Math.max(0, mostFolders - folders);
    if (level.length > room) complete = false;
    const below: ByteString[] = [];
    await atOnce(level.slice(0, room), async (folder) => {
      folders++;
      try {
        for await (const batch of remote.list(folder)) {
          if (signal.aborted) throw new Fault('cancelled');
          names += batch.length;
          for (const { name, stat } of batch) {
            if (!isName(name)) continue;
            if (stat.kind === 'folder') below.push(joinRemote(folder, name));
            else if (name.endsWith('.filepart') && stat.kind !== 'symlink' && found.length < mostFound) {
              found.push({ path: joinRemote(folder, name), stat });
            }
          }
          if (names > mostNames || found.length >= mostFound) {
            complete = false;
            break;
          }
        }
      } catch (thrown) {
        if (!(thrown instanceof Fault) || ['no-connection', 'timed-out', 'cancelled'].includes(thrown.code))
          throw thrown;
        complete = false;
      }
    });
    level = names > mostNames || found.length >= mostFound || !(room > 0) ? [] : below;
  }
  return { found: found.toSorted((a, b) => (a.path < b.path ? -1 : 1)), folders, complete };
}
