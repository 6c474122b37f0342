import { setPriority } from 'node:os';
import { derive } from './derive.js';

// Only a password thread loads this module (others import its types). On Linux the priority belongs to the calling
// thread: password work takes only the CPU that transfers leave (A4).
setPriority(0, 19);

export const operations = { derive } as const;

export type PasswordOperations = typeof operations;
