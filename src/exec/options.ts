import { Fault } from '../fault.js';
import { toText } from '../names.js';
import type { Word } from './words.js';

/** Bytes of an option, a name or a line that the sentence about it quotes. */
export const longestQuoted = 64;

/** What a command was called with. */
export interface Called<Flag> {
  readonly flags: ReadonlySet<Flag>;
  /** What is no option, in order. */
  readonly operands: readonly Word[];
}

/**
 * Takes options and operands apart: options may stand anywhere before a `--`, and letters together (`-kP`). What a
 * pattern matches comes later and is never an option, whatever it is called.
 * @throws Fault `invalid` for what `flags` does not know, with the usage
 */
export function parseOptions<Flag extends string>(
  args: readonly Word[],
  flags: Readonly<Record<string, Flag>>,
  usage: string,
): Called<Flag> {
  const found = new Set<Flag>();
  const operands: Word[] = [];
  for (const [index, word] of args.entries()) {
    const { text, pattern } = word;
    if (text === '--') return { flags: found, operands: [...operands, ...args.slice(index + 1)] };
    if (!text.startsWith('-') || text === '-' || pattern !== null) {
      operands.push(word);
      continue;
    }
    const options = text.startsWith('--') ? [text] : Array.from(text.slice(1), (letter) => `-${letter}`);
    for (const option of options) found.add(flagOf(option, flags, usage));
  }
  return { flags: found, operands };
}

function flagOf<Flag>(option: string, flags: Readonly<Record<string, Flag>>, usage: string): Flag {
  const flag = Object.hasOwn(flags, option) ? flags[option] : undefined;
  if (flag === undefined)
    throw wrongly(`there is no option ${toText(option.slice(0, longestQuoted))} here`, usage);
  return flag;
}

/** The fault for who called a command as it cannot be called. */
export function wrongly(what: string, usage: string): Fault {
  return new Fault('invalid', `${what}; usage: ${usage}`);
}
