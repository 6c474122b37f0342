import { defineConfig } from 'vitest/config';
import { MinutesReporter } from './test/minutes.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    // Threads share one process id, umask and working directory; the tests start servers and switch users.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', new MinutesReporter()],
  },
});
