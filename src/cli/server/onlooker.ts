import type { Onlooker } from '../../admin/home-usage.js';
import type { Surroundings } from '../command.js';

/** Runs work that may have to count homes: shows how far it is, and lets Ctrl-C end it. */
export function withOnlooker<T>(
  { terminal }: Surroundings,
  work: (onlooker: Onlooker) => Promise<T>,
): Promise<T> {
  return terminal.interruptible(async (signal) => {
    try {
      return await work({
        signal,
        progress: ({ path }, entries) =>
          terminal.progress(`counting ${path}: ${entries.toLocaleString('en')} entries`),
      });
    } finally {
      terminal.progress('');
    }
  });
}
