import { assertApart, makeHome } from '../vfs/forbidden-homes.js';
import { assertJailWorks, assertJailWorksFor } from '../vfs/self-test.js';
import type { ServerPlan } from './server-plan.js';

/** The folders of the host that are homes, or must be in none. */
export function foldersOf({ homes, keys, accounts }: Pick<ServerPlan, 'homes' | 'keys' | 'accounts'>): {
  readonly ofHomes: readonly string[];
  readonly all: readonly string[];
} {
  const own = accounts.flatMap(({ source }) => (source?.kind === 'disk' ? [source.path] : []));
  const ofHomes = [...new Set([...(homes === null ? [] : [homes]), ...own])];
  return { ofHomes, all: keys === null ? ofHomes : [...ofHomes, keys] };
}

/**
 * Makes the folder of homes, and sees to it that no home contains another, the host's root, or the host keys (J5).
 * Homes that are granted only are seen to when they are (`ChosenFiles`).
 * @throws Fault with a sentence; also where the jail does not work on this host
 */
export async function readyFolders(plan: ServerPlan): Promise<void> {
  const { ofHomes, all } = foldersOf(plan);
  const [first] = ofHomes;
  if (first === undefined) return;
  if (plan.homes !== null) await makeHome(plan.homes);
  for (const path of ofHomes) await assertApart(path, all);
  if (plan.homes === null) assertJailWorksFor(first);
  else assertJailWorks(plan.homes);
}
