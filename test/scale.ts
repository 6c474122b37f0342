/**
 * How much each test does: a quick number for every day, a larger one with `CI=true`. Nothing is skipped by
 * either; this table is the only place that knows the two.
 */
const counts = {
  jailSwaps: { quick: 1_500, ci: 100_000 },
  jailPaths: { quick: 120, ci: 5_000 },
  propertyRuns: { quick: 50, ci: 1_000 },
  listedEntries: { quick: 30_000, ci: 100_000 },
  deepFolders: { quick: 600, ci: 20_000 },
  unreadReads: { quick: 10_000, ci: 100_000 },
  fuzzedStreams: { quick: 100, ci: 5_000 },
  rcloneBytes: { quick: 8 * 2 ** 20, ci: 256 * 2 ** 20 },
  rcloneFiles: { quick: 30, ci: 1_000 },
  rekeyBytes: { quick: 8 * 2 ** 20, ci: 2 ** 30 },
  scpBytes: { quick: 8 * 2 ** 20, ci: 2 ** 30 },
  quotaFlood: { quick: 150, ci: 100_000 },
  quotaServers: { quick: 1, ci: 2 },
  quotaSteps: { quick: 60, ci: 20_000 },
  quotaStormSteps: { quick: 100, ci: 10_000 },
  quotaKills: { quick: 2, ci: 100 },
  quotaMoments: { quick: 2, ci: 48 },
  quotaVoyages: { quick: 12, ci: 3_000 },
  transferMoments: { quick: 10, ci: 100 },
  transferCuts: { quick: 2, ci: 40 },
  walkedFiles: { quick: 5_000, ci: 100_000 },
  programCuts: { quick: 1, ci: 20 },
  mountedCommits: { quick: 2, ci: 4 },
  mountedFiles: { quick: 6, ci: 20 },
  prefetchBytes: { quick: 96 * 2 ** 20, ci: 2 ** 30 },
} as const satisfies Record<string, { readonly quick: number; readonly ci: number }>;

const size = process.env['CI'] === 'true' ? 'ci' : 'quick';

export function scale(name: keyof typeof counts): number {
  return counts[name][size];
}
