import { setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { derive } from './derive.js';

// On Linux the priority belongs to the calling thread: password work takes only the CPU that transfers leave (A4).
if (!isMainThread) setPriority(0, 19);

export const operations = { derive } as const;

export type PasswordOperations = typeof operations;
