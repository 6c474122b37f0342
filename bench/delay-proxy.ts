import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** A line to a server on this machine that is longer than it is. */
export interface DelayedLine {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param oneWay milliseconds that each byte takes in each direction, whatever is under way beside it */
export async function delayedLine(port: number, oneWay: number): Promise<DelayedLine> {
  // A thread of its own, so that a bench which waits or computes does not hold up what passes.
  const worker = new Worker(new URL(import.meta.url), { workerData: { port, oneWay } satisfies Line });
  const [listening] = (await once(worker, 'message')) as [number];
  return {
    port: listening,
    stop: async () => {
      await worker.terminate();
    },
  };
}

interface Line {
  readonly port: number;
  readonly oneWay: number;
}

/** Bytes that came, and when they may go on. */
interface Passing {
  readonly at: number;
  readonly bytes: Buffer;
}

/** Timers count whole milliseconds; what is due within the next half goes with what is due now. */
const slack = 0.5;

/**
 * Passes on what comes in order and late. Nothing holds the sender back, as nothing does on a line whose buffers are as
 * large as what is on its way.
 */
function passOn(from: Socket, to: Socket, oneWay: number): void {
  const line: Passing[] = [];
  let first = 0;
  let timer: NodeJS.Timeout | null = null;
  let ended = false;
  const due = (): void => {
    timer = null;
    const now = performance.now() + slack;
    to.cork();
    for (let next = line[first]; next && next.at <= now; next = line[first]) {
      to.write(next.bytes);
      first++;
    }
    process.nextTick(() => to.uncork());
    // Taking from the front one by one would cost the square of what is on its way.
    if (first > 1024) {
      line.splice(0, first);
      first = 0;
    }
    const head = line[first];
    if (head) timer = setTimeout(due, Math.max(0, head.at - performance.now()));
    else if (ended) to.end();
  };
  from.on('data', (bytes: Buffer) => {
    line.push({ at: performance.now() + oneWay, bytes });
    timer ??= setTimeout(due, oneWay);
  });
  from.on('end', () => {
    ended = true;
    if (timer === null) to.end();
  });
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (!ended) to.destroy();
  });
}

if (parentPort) {
  const { port, oneWay } = workerData as Line;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    passOn(near, far, oneWay);
    passOn(far, near, oneWay);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  parentPort.postMessage(typeof address === 'object' ? address?.port : 0);
}
