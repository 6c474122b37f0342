import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { Stats } from '../vfs/vfs.js';
import { longestQuoted } from './options.js';
import { decodeName, encodeName } from './scp-names.js';

/** Seconds since 1970. */
export interface ScpTimes {
  readonly atime: number;
  readonly mtime: number;
}

/** A file whose bytes follow, or a folder whose entries do. */
export interface ScpEntry {
  readonly kind: 'file' | 'folder';
  readonly mode: number;
  /** Bytes of a file; means nothing for a folder. */
  readonly size: number;
  readonly name: ByteString;
}

/** What a source says, a line for each [PROTOCOL 7.5]. No RFC describes it; OpenSSH's scp.c is what everybody follows. */
export type ScpMessage =
  | ScpEntry
  /** Times of the entry that comes next; `null` where no file can have them. */
  | { readonly kind: 'times'; readonly times: ScpTimes | null }
  /** The folder is complete. */
  | { readonly kind: 'end' }
  /** The source could not send something and goes on (`problem`), or gives up (`fatal`). */
  | { readonly kind: 'problem' | 'fatal' };

/** First bytes of an answer, and of a line that tells of a failure. */
export const ok = 0;
export const problem = 1;
export const fatal = 2;

const timesLine = /^T(\d+) (\d{1,6}) (\d+) (\d{1,6})$/;
const entryLine = /^([CD])([0-7]{4}) (\d+) (.*)$/s;

/** What a JavaScript `Date` can hold, in seconds: it is what times are set by. */
const latest = 8.64e12;

/** @throws Fault `bad-message` saying what is wrong with the line */
export function parseMessage(line: ByteString): ScpMessage {
  switch (line.charAt(0)) {
    case '\x01':
      return { kind: 'problem' };
    case '\x02':
      return { kind: 'fatal' };
    case 'E':
      if (line !== 'E') break;
      return { kind: 'end' };
    case 'T':
      return { kind: 'times', times: parseTimes(line) };
    case 'C':
    case 'D':
      return parseEntry(line);
  }
  throw malformed('no C, D, E or T line', line);
}

function parseTimes(line: ByteString): ScpTimes | null {
  const parts = timesLine.exec(line);
  if (!parts) throw malformed('malformed times', line);
  const [mtime, atime] = [Number(parts[1]), Number(parts[3])];
  return mtime <= latest && atime <= latest ? { mtime, atime } : null;
}

function parseEntry(line: ByteString): ScpEntry {
  const [, letter, mode = '', digits, sent = ''] = entryLine.exec(line) ?? [];
  if (letter === undefined) throw malformed('malformed line', line);
  const size = Number(digits);
  if (!Number.isSafeInteger(size)) throw malformed('larger than a file can be', line);
  const name = decodeName(sent);
  // One name and nothing else, or the client would choose where outside of the target its files go.
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw malformed('not a name that a file can have here', sent);
  }
  return { kind: letter === 'C' ? 'file' : 'folder', mode: parseInt(mode, 8), size, name };
}

function malformed(why: string, line: ByteString): Fault {
  return new Fault('bad-message', `protocol error: ${why}: '${toText(line.slice(0, longestQuoted))}'`);
}

export function timesOf({ mtime, atime }: Stats): ByteString {
  const [modified, accessed] = [mtime, atime].map((time) => Math.max(0, Math.floor(time)));
  return `T${modified} 0 ${accessed} 0\n`;
}

export function entryOf({ kind, mode, size, name }: ScpEntry): ByteString {
  const letter = kind === 'file' ? 'C' : 'D';
  return `${letter}${mode.toString(8).padStart(4, '0')} ${size} ${encodeName(name)}\n`;
}
