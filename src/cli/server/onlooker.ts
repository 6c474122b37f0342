import type { Onlooker } from '../../admin/home-usage.js';
import type { Surroundings } from '../command.js';

/** Milliseconds for which a figure stays to be read. */
const glance = 100;

/** Runs work that may have to count homes: shows how far it is, and lets Ctrl-C end it. */
export function withOnlooker<T>(
  { terminal }: Surroundings,
  work: (onlooker: Onlooker) => Promise<T>,
): Promise<T> {
  return terminal.interruptible(async (signal) => {
    let shownAt = -Infinity;
    try {
      return await work({
        signal,
        progress: ({ path }, entries) => {
          if (performance.now() - shownAt < glance) return;
          shownAt = performance.now();
          terminal.progress(`counting ${path}: ${entries.toLocaleString('en')} entries`);
        },
      });
    } finally {
      terminal.progress('');
    }
  });
}
