import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A program in a document, and what it says the program prints. */
export interface Example {
  /** `memory-server.mjs`, from its first line. */
  readonly name: string;
  readonly code: string;
  /** `null` where no block of text follows. */
  readonly prints: string | null;
}

/** The named blocks of a document below the top folder, in their order. */
export function examplesIn(document: string): readonly Example[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${document}`, import.meta.url)), 'utf8');
  return [
    ...text.matchAll(/^```(?:ts|js)\n(\/\/ (\S+)\n[\s\S]*?)^```$(?:\n\n^```text\n([\s\S]*?)^```$)?/gm),
  ].map(([, code = '', name = '', prints = null]) => ({ name, code, prints }));
}
