import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { Command } from './command.js';
import { commands } from './commands.js';
import { splitCommand, type Word } from './words.js';

/** A command line understood: which row of the table, and what it is given. */
export interface CalledCommand {
  readonly name: string;
  readonly command: Command;
  readonly args: readonly Word[];
}

/** Bytes of a command's name that its refusal quotes. */
const longestQuoted = 64;

/** @throws Fault `unsupported` for what is not served, `invalid` for what would need a shell; both with a sentence */
export function findCommand(line: ByteString, account: string): CalledCommand {
  const [words = []] = splitCommand(line, account);
  const [first, ...args] = words;
  const name = first?.text ?? '';
  const table: Readonly<Record<string, Command>> = commands;
  const command = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!command) {
    const known = Object.keys(table).join(', ');
    const asked = toText(name.slice(0, longestQuoted));
    throw new Fault(
      'unsupported',
      `'${asked}' is not served here: this server gives files, and knows ${known}`,
    );
  }
  return { name, command, args };
}
