import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { MinutesReporter } from './test/minutes.js';

/** Suites that leave nothing behind in their process: many of their files may share one, and load the product once. */
const sharing = [
  'channel',
  'config',
  'exec',
  'hash',
  'observe',
  'peers',
  'publickey',
  'sftp',
  'ssh',
  'store',
  'vfs',
  'wire',
].map((suite) => `test/${suite}/**/*.test.ts`);

const each = {
  // Threads share one process id, umask and working directory; the tests start servers and switch users.
  pool: 'forks',
  // The large counts take their time, the more so on a machine that does other work too.
  testTimeout: process.env['CI'] === 'true' ? 180_000 : 30_000,
  hookTimeout: 60_000,
} as const;

export default defineConfig({
  test: {
    projects: [
      { test: { ...each, name: 'sharing', include: sharing, isolate: false } },
      { test: { ...each, name: 'alone', include: ['test/**/*.test.ts'], exclude: sharing } },
    ],
    globalSetup: ['test/build.ts'],
    // Many tests wait for the programs they run; one worker for each processor, less one, would leave half a machine idle.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', new MinutesReporter()],
  },
});
