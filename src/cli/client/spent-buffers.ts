import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface SpentBuffersParts {
  /** Bytes of all buffers, those included that nobody uses any more. */
  readonly bytes: () => number;
  /** Frees what nobody uses. */
  readonly collect: () => void;
  /** Runs something again and again, without keeping the process alive for it. */
  readonly every: (milliseconds: number, run: () => void) => void;
}

/** V8 by itself begins to look for spent buffers when there are 64 MiB more of them than after the last time. */
const mostBytes = 24 * 2 ** 20;
/** In which a fast line brings some 5 MB. */
const interval = 20;

/**
 * Has spent buffers collected early, so that moving a file takes the same memory however large it is
 * (docs/decisions/client-memory.md).
 */
export function collectSpentBuffers({ bytes, collect, every }: SpentBuffersParts = ofThisProcess()): void {
  every(interval, () => {
    if (bytes() > mostBytes) collect();
  });
}

function ofThisProcess(): SpentBuffersParts {
  // The only way to the collector of a process that was started without the flag.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return {
    bytes: () => process.memoryUsage().arrayBuffers,
    collect,
    every: (milliseconds, run) => void setInterval(run, milliseconds).unref(),
  };
}
