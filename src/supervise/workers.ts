import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Address } from '../config/address.js';
import { Fault } from '../fault.js';
import { deathJudge } from './deaths.js';
import { givenName, type FromWorker, type Given, type ToWorker } from './messages.js';

export interface WorkersOptions {
  /** How many are to serve. */
  readonly count: number;
  /** What each is started with: this program again, with the same words. */
  readonly given: Given;
  /** Milliseconds for a worker to end once it was told to; then it is killed. */
  readonly patience: number;
  /** A worker ended that nobody told to; the sentence says how, and that another takes its place. */
  died(pid: number, sentence: string): void;
}

/** Processes that share their ports: what connects is handed to each in turn. */
export interface Workers {
  readonly addresses: readonly Address[];
  /** The first signal that a worker got: it is meant for all. */
  readonly asked: Promise<string>;
  /** Rejects with a `failure` when they die again and again. */
  readonly failed: Promise<never>;
  /** Tells all to stop, and waits for them; resolves to what went wrong. */
  stop(): Promise<Fault | null>;
}

interface Life {
  readonly worker: Worker;
  readonly begun: number;
  failed: Fault | null;
}

/**
 * Starts workers, and another for each that dies. Resolves when all listen.
 * @throws Fault that the first one met which cannot serve; then none is left
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const pool = new Pool(options);
  try {
    return { ...(await pool.start()), stop: () => pool.stop() };
  } catch (thrown) {
    await pool.stop();
    throw thrown;
  }
}

class Pool {
  readonly #options: WorkersOptions;
  readonly #judge: ReturnType<typeof deathJudge>;
  readonly #lives = new Set<Life>();
  #phase: 'starting' | 'running' | 'stopping' = 'starting';
  #unclean: Fault | null = null;
  #listened: (addresses: readonly Address[]) => void = () => undefined;
  #asked: (signal: string) => void = () => undefined;
  #failed: (fault: Fault) => void = () => undefined;
  #empty: () => void = () => undefined;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#judge = deathJudge(options.count + 4, () => performance.now());
    cluster.schedulingPolicy = cluster.SCHED_RR;
  }

  async start(): Promise<Omit<Workers, 'stop'>> {
    const asked = new Promise<string>((resolve) => (this.#asked = resolve));
    const failed = new Promise<never>((_resolve, reject) => (this.#failed = reject));
    failed.catch(() => undefined);
    let missing = this.#options.count;
    const all = new Promise<readonly Address[]>((resolve) => {
      this.#listened = (addresses) => {
        if (--missing === 0) resolve(addresses);
      };
    });
    for (let number = 0; number < this.#options.count; number++) this.#fork();
    const addresses = await Promise.race([all, failed]);
    this.#phase = 'running';
    return { addresses, asked, failed };
  }

  async stop(): Promise<Fault | null> {
    this.#phase = 'stopping';
    const empty = new Promise<void>((resolve) => (this.#empty = resolve));
    for (const { worker } of this.#lives) tellToStop(worker);
    const late = setTimeout(() => {
      for (const { worker } of this.#lives) worker.process.kill('SIGKILL');
    }, this.#options.patience);
    if (this.#lives.size > 0) await empty;
    clearTimeout(late);
    return this.#unclean;
  }

  #fork(): void {
    const worker = cluster.fork({ [givenName]: JSON.stringify(this.#options.given) });
    const life: Life = { worker, begun: performance.now(), failed: null };
    this.#lives.add(life);
    worker.on('message', (message: FromWorker) => this.#take(life, message));
    const over = new Promise<string>((resolve) => {
      worker.on('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
      worker.on('error', (error) => {
        // Only of one that could not be started: it has no exit.
        if (worker.process.pid === undefined) resolve(error.message);
      });
    });
    // Its last words may come in after its exit.
    const silent = worker.process.pid === undefined ? null : once(worker, 'disconnect');
    void Promise.all([over, silent]).then(([how]) => this.#ended(life, how));
  }

  #take(life: Life, message: FromWorker): void {
    if ('asked' in message) this.#asked(message.asked);
    else if ('failed' in message) life.failed = new Fault(message.failed.code, message.failed.message);
    else {
      this.#listened(message.listening);
      // What it was told before it could listen to us is lost.
      if (this.#phase === 'stopping') tellToStop(life.worker);
    }
  }

  #ended(life: Life, how: string): void {
    this.#lives.delete(life);
    const pid = life.worker.process.pid ?? 0;
    const fault = life.failed ?? new Fault('failure', `worker ${pid} ended: ${how}`);
    switch (this.#phase) {
      case 'starting':
        this.#failed(fault);
        break;
      case 'stopping':
        if (how !== 'exit code 0') this.#unclean ??= fault;
        if (this.#lives.size === 0) this.#empty();
        break;
      case 'running':
        if (this.#judge(life.begun) === 'enough') {
          this.#failed(
            new Fault(
              'failure',
              `workers die as soon as they are started, the last one so: ${fault.message}`,
            ),
          );
          break;
        }
        this.#options.died(
          pid,
          `worker ${pid} ended: ${life.failed?.message ?? how}; another takes its place`,
        );
        this.#fork();
    }
  }
}

function tellToStop(worker: Worker): void {
  const stop: ToWorker = { stop: true };
  if (worker.isConnected()) worker.send(stop, () => undefined);
}
