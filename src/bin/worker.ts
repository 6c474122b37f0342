import { parentPort, workerData } from 'node:worker_threads';
import { answerQuestions, type Operations, type ThreadKind } from '../threads.js';

const modules: Readonly<Record<ThreadKind, () => Promise<{ readonly operations: Operations }>>> = {
  paths: () => import('../vfs/path-thread.js'),
  hashes: () => import('../hash/hash-thread.js'),
  passwords: () => import('../auth/password-thread.js'),
};

const port = parentPort;
if (!port) throw new Error('worker.js runs as a worker thread');
const { operations } = await modules[workerData as ThreadKind]();
answerQuestions(port, operations);
