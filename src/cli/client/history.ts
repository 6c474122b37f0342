import { chmodSync, mkdirSync, readFileSync, renameSync, appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines that are remembered. */
export const historyLines = 1_000;

/** What was typed at the prompt, in this run and in earlier ones. */
export interface History {
  /** As readline wants it. */
  newestFirst(): readonly string[];
  /** One that begins with a space is not kept, nor the same twice in a row. */
  add(line: string): void;
}

/**
 * Kept in a file for the person alone, to which each line is added at once: runs beside each other lose nothing, nor
 * does one that is killed. Where it cannot be written, this run's lines are remembered all the same.
 */
export function openHistory(folder: string): History {
  const file = join(folder, 'history');
  const lines = readLines(file);
  if (lines.length > historyLines) {
    lines.splice(0, lines.length - historyLines);
    trim(file, lines);
  }
  return {
    newestFirst: () => lines.toReversed(),
    add: (line) => {
      if (line.trim() === '' || line.startsWith(' ') || line === lines.at(-1)) return;
      lines.push(line);
      if (lines.length > historyLines) lines.shift();
      quietly(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        appendFileSync(file, `${line}\n`, { mode: 0o600 });
      });
    },
  };
}

function readLines(file: string): string[] {
  let lines: string[] = [];
  quietly(() => {
    lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    chmodSync(file, 0o600);
  });
  return lines;
}

function trim(file: string, lines: readonly string[]): void {
  quietly(() => {
    const made = `${file}.${process.pid}`;
    writeFileSync(made, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    renameSync(made, file);
  });
}

/** History is a comfort: a folder that is full or read-only is no reason to stop. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing to do about it.
  }
}
