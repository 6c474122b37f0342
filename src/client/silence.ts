/**
 * Notices a connection on which nothing comes any more. After a third of `ms` without a packet the other side is asked
 * for an answer, and after all of it the connection counts as lost. Packets of any kind count: an answer may stand
 * in line behind much that was asked for earlier.
 */
export function watchSilence({
  ms,
  ask,
  lost,
}: {
  readonly ms: number;
  readonly ask: () => void;
  readonly lost: () => void;
}): { readonly heard: () => void; readonly end: () => void } {
  let heard = true;
  let silentTicks = 0;
  const tick = (): void => {
    silentTicks = heard ? 0 : silentTicks + 1;
    heard = false;
    if (silentTicks === 1 || silentTicks === 2) ask();
    if (silentTicks < 3) return;
    clearInterval(timer);
    lost();
  };
  const timer = setInterval(tick, Math.max(1, Math.floor(ms / 3)));
  // The socket keeps the process alive, and this must not do so after it.
  timer.unref();
  return {
    heard: () => {
      heard = true;
    },
    end: () => clearInterval(timer),
  };
}
