import { Worker } from 'node:worker_threads';

// Plain code: a thread that is given text needs no file, which an unprivileged user might not be able to read.
const program = `
const { renameSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const { counter, one, other, name } = workerData;
const count = new Int32Array(counter);
for (let on = true; Atomics.load(count, 1) === 0; on = !on) {
  try {
    renameSync(name, on ? one : other);
    renameSync(on ? other : one, name);
    Atomics.add(count, 0, 1);
  } catch {
    // A request has just moved or removed one of the two; the next round finds what is left.
  }
}
`;

export interface Swapping {
  /** How often the name has changed its meaning. */
  swaps(): number;
  stop(): Promise<void>;
}

/**
 * In another thread, in a loop as tight as it gets: moves what `name` stands for to `one`, and `other` to `name`,
 * then back. To begin with, `name` and `other` exist and `one` does not.
 */
export function swapping(name: string, one: string, other: string): Swapping {
  const counter = new SharedArrayBuffer(8);
  const count = new Int32Array(counter);
  const worker = new Worker(program, { eval: true, workerData: { counter, one, other, name } });
  return {
    swaps: () => Atomics.load(count, 0),
    stop: () =>
      new Promise((resolve) => {
        worker.once('exit', () => resolve());
        Atomics.store(count, 1, 1);
      }),
  };
}
