/** Milliseconds of processor time; whatever else the machine does adds to a clock, and not to this. */
export function cpuTime(doing: () => void): number {
  const before = process.cpuUsage();
  doing();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least that several runs took: the first ones compile, and some collect garbage. */
export function leastCpuTime(doing: () => void, runs = 7): number {
  return Math.min(...Array.from({ length: runs }, () => cpuTime(doing)));
}
