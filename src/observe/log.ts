import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { assertAppendable } from './appendable.js';
import type { Events } from './events.js';
import { LineWriter } from './line-writer.js';
import { printable, printableDeep } from './printable.js';
import { routeOf, type Level } from './routes.js';
import { systemWords } from './system-words.js';

export interface LogOptions {
  readonly level: Level;
  /** A file that lines are appended to, or a descriptor (2 is stderr). */
  readonly target: string | number;
  /** The sentence alone, as text, in place of JSON lines with every field. */
  readonly readable: boolean;
  readonly colour: boolean;
  /** Told when the target begins to fail: the log is no place to say it. */
  readonly failed?: (sentence: string) => void;
}

export interface Log {
  /** The last words of a process that something killed; they are written when this returns. */
  fatal(message: string, error: unknown): void;
  /** Resolves once everything is written, after two seconds at the latest. */
  close(): Promise<void>;
}

/**
 * Writes each event as one line. A target that fails or stalls later costs lines, never the process.
 * @throws Fault `failure` when a file cannot be opened now
 */
export function openLog(options: LogOptions, events: Events): Log {
  if (typeof options.target === 'string') assertAppendable(options.target, 'the log file');
  const pretty = options.readable
    ? prettyFactory({ colorize: options.colour, hideObject: true, translateTime: 'SYS:HH:MM:ss' })
    : (line: string) => line;
  const lines = new LineWriter({
    target: options.target,
    failed: (error) => options.failed?.(`the log ${options.target} cannot be written: ${systemWords(error)}`),
    lost: (count) => pretty(lostLine(count)),
  });
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => lines.write(pretty(line)) },
  );

  const leave = events.subscribe((name, event) => {
    const { level, say } = routeOf(name);
    if (!logger.isLevelEnabled(level)) return;
    logger[level]({ event: name, ...(printableDeep(event) as object) }, printable(say(event)));
  });

  return {
    fatal(message, error) {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      logger.fatal({ error: stack }, options.readable ? `${message}: ${stack}` : message);
      lines.flushNow();
    },
    async close() {
      leave();
      await lines.flush(2000);
    },
  };
}

function lostLine(count: number): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, event: 'log.lost', lines: count, msg: `${count} lines lost` })}\n`;
}
