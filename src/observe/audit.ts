import type { Events } from './events.js';
import { LineWriter } from './line-writer.js';
import { printableDeep } from './printable.js';
import { routeOf } from './routes.js';
import { systemWords } from './system-words.js';

export interface Audit {
  /** Resolves once everything is written, after two seconds at the latest. */
  close(): Promise<void>;
}

/**
 * Appends every audited event (`routes.ts`) to a file as one JSON line, in order. A file that cannot be written is
 * reported once as `server.warning`; the server goes on, and the gap is recorded as soon as it can be.
 */
export function openAudit(path: string, events: Events, now: () => Date = () => new Date()): Audit {
  const lines = new LineWriter({
    target: path,
    failed: (error) =>
      events.emit('server.warning', {
        message: `the audit log ${path} cannot be written: ${systemWords(error)}`,
      }),
    lost: (count) => line('audit.lost', { lines: count }),
  });
  const leave = events.subscribe((name, event) => {
    if (routeOf(name).audit) lines.write(line(name, event));
  });

  function line(event: string, payload: object): string {
    const time = now().toISOString();
    return `${JSON.stringify({ time, event, ...(printableDeep(payload) as object) })}\n`;
  }

  return {
    async close() {
      leave();
      await lines.flush(2000);
    },
  };
}
