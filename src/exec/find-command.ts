import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { Command } from './command.js';
import { commands } from './commands.js';
import { hashSums } from './hash-sum.js';
import { headSum } from './head-sum.js';
import { longestQuoted } from './options.js';
import { splitCommand, type Word } from './words.js';

/** A command line understood: which row of the table, and what it is given. */
export interface CalledCommand {
  readonly name: string;
  readonly command: Command;
  readonly args: readonly Word[];
}

/** What people's programs ask for that is not served, and what would serve them. */
const instead: ReadonlyMap<string, string> = new Map(
  Object.entries({
    rsync:
      'rsync is not served here: rclone (its sftp backend), lftp (mirror) and sftp copy what has changed',
    ls: "'ls' is not served here: in your program choose SFTP as the protocol, not SCP",
    pwd: "'pwd' is not served here: in your program choose SFTP as the protocol, not SCP",
    cd: "'cd' is not served here: in your program choose SFTP as the protocol, not SCP",
    head: "'head' is only served as head -c NUMBER FILE | md5sum, or another hash",
    'sftp-server': "there is no program to run here: ask for the subsystem 'sftp'",
  }),
);

/**
 * @param account whose home `~` is
 * @throws Fault `unsupported` for what is not served, `invalid` for what would need a shell; both with a sentence
 */
export function findCommand(line: ByteString, account: string): CalledCommand {
  const stages = splitCommand(line, account);
  const [[first, ...args] = []] = stages;
  if (!first) throw new Fault('unsupported', `there is no command: this server knows ${known()}`);
  if (stages.length > 1) return hashOfHead(stages);
  const name = first.text;
  const table: Readonly<Record<string, Command>> = commands;
  const command = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!command) throw new Fault('unsupported', refusal(name));
  return { name, command, args };
}

function hashOfHead(stages: readonly (readonly Word[])[]): CalledCommand {
  const [[head, ...args] = [], [sum, ...rest] = []] = stages;
  const algorithm = hashSums.find((one) => sum?.text === `${one}sum`);
  if (stages.length > 2 || head?.text !== 'head' || !algorithm) {
    throw new Fault(
      'unsupported',
      'the only pipe served here is head -c NUMBER FILE | md5sum, or another hash',
    );
  }
  return { name: 'head', command: headSum(algorithm, rest), args };
}

function refusal(name: ByteString): string {
  const program = name.slice(name.lastIndexOf('/') + 1);
  const better = instead.get(program);
  if (better !== undefined) return better;
  const asked = toText(name.slice(0, longestQuoted));
  return `'${asked}' is not served here: this server gives files, and knows ${known()}`;
}

function known(): string {
  return Object.keys(commands).join(', ');
}
