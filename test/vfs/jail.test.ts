import { afterAll } from 'vitest';
import { pathThreads } from '../../src/vfs/path-threads.js';
import { jailAttacks } from './jail-attacks.js';

const threads = pathThreads(4);
afterAll(() => threads.close());

jailAttacks(process.getuid?.() === 0 ? 'root' : 'the user who runs the tests', () => threads);
