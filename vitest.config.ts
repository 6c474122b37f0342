import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    // Threads share one process id, umask and working directory; the tests start servers and switch users.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
