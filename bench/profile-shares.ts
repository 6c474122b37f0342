/** What of a CPU profile this reads. [Chrome DevTools Protocol, Profiler.Profile] */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
}

export type Share = 'quota' | 'store' | 'garbage collector' | 'jobs' | 'other';

/**
 * Counts the samples of a profile by whose work they are, from the first in which a session is served to the last,
 * without those in which the thread had nothing to do. A sample belongs to the innermost function of the project on its
 * stack: so what `quota/` calls of Node and the engine is its own, what it calls of `vfs/` is not. Turns for a file are
 * its caller's. `store` is whatever it is used for; `jobs` is the engine between one promise's function and the next.
 */
export function sharesOf(profile: Profile): {
  readonly of: ReadonlyMap<Share, number>;
  readonly all: number;
} {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);

  const shareOf = (leaf: number): Share => {
    let by: Share = 'other';
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      const { functionName = '', url = '' } = nodes.get(id)?.callFrame ?? {};
      if (functionName === '(garbage collector)') return 'garbage collector';
      if (functionName === 'runMicrotasks' && id === leaf) by = 'jobs';
      if (url.includes('/dist/quota/')) return 'quota';
      if (url.includes('/dist/store/') || /\/node_modules\/(kysely|better-sqlite3)\//.test(url))
        return 'store';
      if (url.includes('/dist/') && !url.endsWith('/vfs/turns.js')) return 'other';
    }
    return by;
  };
  const serves = (leaf: number): boolean => {
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      if (nodes.get(id)?.callFrame.url.includes('/dist/sftp/')) return true;
    }
    return false;
  };

  const served = new Set(profile.nodes.map(({ id }) => id).filter(serves));
  const samples = profile.samples ?? [];
  const first = samples.findIndex((id) => served.has(id));
  const last = samples.findLastIndex((id) => served.has(id));
  const of = new Map<Share, number>();
  let all = 0;
  for (const id of first < 0 ? [] : samples.slice(first, last + 1)) {
    if (nodes.get(id)?.callFrame.functionName === '(idle)') continue;
    const share = shareOf(id);
    of.set(share, (of.get(share) ?? 0) + 1);
    all++;
  }
  return { of, all };
}
