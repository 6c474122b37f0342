import cluster from 'node:cluster';
import type { Environment } from '../config/environment.js';
import { givenName, type FromWorker, type Given, type ToWorker } from './messages.js';

/** The process that started this one, as a worker sees it. */
export interface Supervisor extends Given {
  /** Resolves when it wants this worker to stop. */
  readonly told: Promise<void>;
  /** Resolves when it is no more. */
  readonly gone: Promise<void>;
  /** Resolves when the message is on its way, or cannot be. */
  tell(message: FromWorker): Promise<void>;
}

/** `null` in a process that is no worker of ours: other programs (pm2) start theirs by `node:cluster` too. */
export function supervisorOf(env: Environment): Supervisor | null {
  const { worker } = cluster;
  const given = env[givenName];
  if (!worker || given === undefined) return null;
  return {
    ...(JSON.parse(given) as Given),
    // There is nothing else that a worker is told.
    told: new Promise((resolve) => {
      worker.once('message', (_stop: ToWorker) => resolve());
    }),
    gone: new Promise((resolve) => {
      worker.on('disconnect', () => {
        // Otherwise node:cluster ends the process now, in the middle of what its sessions do.
        worker.exitedAfterDisconnect = true;
        resolve();
      });
    }),
    tell: (message) =>
      new Promise((resolve) => {
        worker.send(message, () => resolve());
      }),
  };
}
