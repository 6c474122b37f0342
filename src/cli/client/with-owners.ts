import type { Remote } from '../../client/remote.js';
import { Fault } from '../../fault.js';
import type { ListedEntry } from './listed-entry.js';

/** Ids that one question asks for: as many names must fit into one packet of the answer. */
const idsAtOnce = 200;
/** Different ids that are asked for at all. */
const mostIds = 5000;

/**
 * Entries with the names of owners and groups: by users-groups-by-id where the server has it, else as it wrote them into
 * its own lines. What neither says stays a number.
 */
export async function withOwners(
  remote: Remote,
  entries: readonly ListedEntry[],
): Promise<readonly ListedEntry[]> {
  const uids = distinct(entries.map(({ uid }) => uid));
  const gids = distinct(entries.map(({ gid }) => gid));
  if (uids.length + gids.length === 0) return entries;
  const users = new Map<number, string>();
  const groups = new Map<number, string>();
  try {
    for (let at = 0; at < Math.max(uids.length, gids.length); at += idsAtOnce) {
      const asked = [uids.slice(at, at + idsAtOnce), gids.slice(at, at + idsAtOnce)] as const;
      const names = await remote.owners(...asked);
      if (!names) return entries;
      for (const [index, uid] of asked[0].entries()) users.set(uid, names.users[index] ?? '');
      for (const [index, gid] of asked[1].entries()) groups.set(gid, names.groups[index] ?? '');
    }
  } catch (thrown) {
    // A listing without names of owners is better than none.
    if (!(thrown instanceof Fault) || thrown.code === 'no-connection' || thrown.code === 'timed-out')
      throw thrown;
  }
  return entries.map((entry) => {
    const owner = entry.uid === undefined ? '' : users.get(entry.uid);
    const group = entry.gid === undefined ? '' : groups.get(entry.gid);
    return { ...entry, ...(owner && { owner }), ...(group && { group }) };
  });
}

function distinct(ids: readonly (number | undefined)[]): readonly number[] {
  return [...new Set(ids.filter((id) => id !== undefined))].slice(0, mostIds);
}
