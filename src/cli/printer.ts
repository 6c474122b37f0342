import { printable } from '../observe/printable.js';

/** Where a command's answer goes: text for people, or one JSON document. */
export interface Printer {
  /** The answer itself. The text is a line, or several. */
  result(document: unknown, text: readonly string[]): void;
  /** What is good to know beside the answer; kept from those who asked for JSON. */
  note(line: string): void;
  /** Lines on stdout, whatever was asked for; in one piece, so that who waits for the first has all. */
  say(lines: readonly string[]): void;
  /** On stderr, whatever was asked for. */
  warn(line: string): void;
}

export interface Outputs {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export function createPrinter({ stdout, stderr }: Outputs, options: { readonly json: boolean }): Printer {
  const line = (text: string): string => `${printable(text)}\n`;
  return {
    result: (document, text) =>
      stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : text.map(line).join('')),
    note: (text) => {
      if (!options.json) stdout.write(line(text));
    },
    say: (lines) => stdout.write(lines.map(line).join('')),
    warn: (text) => stderr.write(line(`plimsoll: ${text}`)),
  };
}

/** Rows in columns, the first row being the heading. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => printable(row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
