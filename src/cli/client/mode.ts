import { Fault } from '../../fault.js';
import { toText } from '../../names.js';
import type { Word } from './words.js';

/** What files and folders get where no mode is given. */
export const defaultMode = 0o755;

/**
 * The mode among a command's words, and the others. A mode is three digits 0-7. The first word is it where it is one and
 * others follow (`chmod 644 notes`), as chmod(1) has it; otherwise the last word may be (`chmod notes 644`). A single
 * word is a file, whatever it looks like. So of `chmod 644 600` the file is `600`; `./644` is never a mode.
 * @param files how many of the words must be files
 * @throws Fault `invalid` where a word stands in the mode's place that is none
 */
export function modeAndFiles(
  words: readonly Word[],
  { one, otherwise = defaultMode }: { readonly one: boolean; readonly otherwise?: number },
): { readonly mode: number; readonly explicit: boolean; readonly files: readonly Word[] } {
  const [first, ...rest] = words;
  const last = rest.at(-1);
  if (first === undefined || last === undefined) return { mode: otherwise, explicit: false, files: words };
  const found = isMode(first)
    ? { mode: modeOf(first), explicit: true, files: rest }
    : isMode(last)
      ? { mode: modeOf(last), explicit: true, files: words.slice(0, -1) }
      : null;
  if (!found) throw noMode(looksLikeMode(first) && !looksLikeMode(last) ? first : last);
  if (one && found.files.length > 1) throw new Fault('invalid', 'takes one name, and a mode');
  return found;
}

/** Three digits 0-7 that were not quoted as a pattern. */
function isMode({ text, pattern }: Word): boolean {
  return pattern === null && /^[0-7]{3}$/.test(text);
}

function modeOf({ text }: Word): number {
  return parseInt(text, 8);
}

/** What a person may have taken for one: `0755`, `888`, `u+x`, `rwxr-xr-x`. */
function looksLikeMode({ text }: Word): boolean {
  return /^(?:[0-9]+|0o[0-9]+|[ugoa]*[-+=][rwxXst]*|[-rwxst]{9,10})$/.test(text);
}

function noMode({ text }: Word): Fault {
  return new Fault('invalid', `'${toText(text)}' is not a mode: write three digits 0-7, as 755 or 644`);
}

/** `755` */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
