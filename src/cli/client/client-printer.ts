/** Where plim's answers go: text for people, or one JSON document for each result. */
export interface ClientPrinter {
  /** The answer itself. The text is a line, or several; nothing of it with `--quiet`. */
  result(document: unknown, text: readonly string[]): void;
  /** What is good to know beside the answer; kept from those who asked for JSON or for quiet. */
  note(line: string): void;
  /** A failure, on stderr, whatever was asked for. */
  warn(line: string): void;
}
