import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { MinutesReporter } from './test/minutes.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    // Threads share one process id, umask and working directory; the tests start servers and switch users.
    pool: 'forks',
    // Many tests wait for the programs they run; one worker for each processor, less one, would leave half a machine idle.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', new MinutesReporter()],
  },
});
