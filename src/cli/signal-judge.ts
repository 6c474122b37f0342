/** Within this, the same signal twice is one request: npm passes on the Ctrl-C that the terminal sent to us as well. */
const echoMilliseconds = 250;

/** Tells the first signal, its echo, and a second one apart. @param now milliseconds of a clock that only goes forward */
export function signalJudge(now: () => number): (signal: string) => 'first' | 'echo' | 'second' {
  let first: { readonly signal: string; readonly at: number } | null = null;
  return (signal) => {
    if (first === null) {
      first = { signal, at: now() };
      return 'first';
    }
    return signal === first.signal && now() - first.at < echoMilliseconds ? 'echo' : 'second';
  };
}
