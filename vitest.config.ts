import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { MinutesReporter } from './test/minutes.js';

/** Suites whose files leave nothing behind in their process: many share one, and load the product once. */
const sharing = [
  'admin',
  'auth',
  'channel',
  'cli',
  'client',
  'config',
  'embed',
  'exec',
  'hash',
  'interop',
  'observe',
  'peers',
  'publickey',
  'quota',
  'sftp',
  'ssh',
  'store',
  'supervise',
  'testing',
  'vfs',
  'wire',
];
/** Files of theirs that do: one gives up the rights of root for good, one puts its own in the place of a module. */
const leaving = ['test/vfs/jail-unprivileged.test.ts', 'test/embed/tried-jail.test.ts'];

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
      {
        test: {
          ...each,
          name: 'sharing',
          include: ['test/*.test.ts', `test/{${sharing.join(',')}}/**/*.test.ts`],
          exclude: leaving,
          isolate: false,
        },
      },
      {
        test: {
          ...each,
          name: 'alone',
          include: [`test/!(${sharing.join('|')})/**/*.test.ts`, ...leaving],
        },
      },
    ],
    globalSetup: ['test/build.ts'],
    // Many tests wait for the programs they run; with one worker for each processor they would leave it idle.
    maxWorkers: availableParallelism() + 2,
    reporters: ['default', new MinutesReporter()],
  },
});
