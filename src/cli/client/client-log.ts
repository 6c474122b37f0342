import { closeSync, openSync } from 'node:fs';
import { Fault } from '../../fault.js';
import { LineWriter } from '../../observe/line-writer.js';
import { printableDeep } from '../../observe/printable.js';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What happens, for those who look later; a secret is never given to it. */
export interface ClientLog {
  write(level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Resolves once everything is written. */
  flush(): Promise<void>;
}

export const noLog: ClientLog = { write: () => undefined, flush: () => Promise.resolve() };

export interface LogOptions {
  /** A path, or an open descriptor. */
  readonly target: string | number;
  readonly level: LogLevel;
  /** Text for people, in place of JSON. */
  readonly readable: boolean;
  /** Told once when writing begins to fail. */
  readonly failed: (sentence: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * A line for each event: `{"time","level","event",...}`, appended to the file, which only its owner may read.
 * @throws Fault `failure` where the file cannot be written: who asks for a log relies on it
 */
export function openLog({ target, level, readable, failed, now = Date.now }: LogOptions): ClientLog {
  if (typeof target === 'string') {
    try {
      closeSync(openSync(target, 'a', 0o600));
    } catch (thrown) {
      throw new Fault('failure', `the log ${target} cannot be written: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }
  const format = readable ? textLine : jsonLine;
  const writer = new LineWriter({
    target,
    failed: (error) => failed(`the log cannot be written: ${error.message}`),
    lost: (count) => format({ time: stamp(now()), level: 'error', event: 'log-lost', lines: count }),
  });
  const loud = logLevels.indexOf(level);
  return {
    write: (of, event, fields = {}) => {
      if (logLevels.indexOf(of) > loud) return;
      writer.write(
        format({
          time: stamp(now()),
          level: of,
          event,
          ...(printableDeep(fields) as Record<string, unknown>),
        }),
      );
    },
    flush: () => writer.flush(5000),
  };
}

type Line = Readonly<Record<string, unknown>> & {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
};

function jsonLine(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

function textLine({ time, level, event, ...fields }: Line): string {
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${[time, level, event, ...shown].join(' ')}\n`;
}

function stamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
