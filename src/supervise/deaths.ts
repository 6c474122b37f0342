/** A worker that lived shorter than this did not get to its work. */
const shortLife = 10_000;
const memory = 60_000;

/**
 * Tells whether a worker that died is to be started again. Not when workers die again and again: what kills them would
 * go on to, and a server that starts processes for ever serves nobody.
 * @param most deaths after short lives that are borne within a minute
 * @param now milliseconds of a clock that only goes forward
 */
export function deathJudge(most: number, now: () => number): (begun: number) => 'again' | 'enough' {
  let early: number[] = [];
  return (begun) => {
    const at = now();
    early = early.filter((earlier) => at - earlier < memory);
    if (at - begun < shortLife) early.push(at);
    return early.length > most ? 'enough' : 'again';
  };
}
