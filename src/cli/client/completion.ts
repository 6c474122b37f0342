import { fromText, toText, type ByteString } from '../../names.js';
import type { AnyClientCommand, Completed, Place } from './command.js';
import { FolderNames, localSide, type FolderName, type NamedSide } from './folder-names.js';
import { resolveLocal } from './local-place.js';
import { openWord, quoted, type OpenWord } from './open-word.js';
import { resolveRemote } from './remote-path.js';

/** What Tab does to a line. */
export interface Completion {
  /** Where in the line the word begins that is replaced, up to the cursor. */
  readonly start: number;
  readonly insert: string;
  /** What there is to choose from, printable; empty where there is no choice. */
  readonly choices: readonly string[];
}

export interface Completer {
  /** @param line up to the cursor. Resolves to `null` where there is nothing; rejects once `signal` aborts */
  complete(line: string, signal: AbortSignal): Promise<Completion | null>;
  /** What was listed may have changed. */
  forget(): void;
}

export interface CompleterOptions {
  readonly commands: readonly AnyClientCommand[];
  readonly place: Place;
  /** The server's side, where there is a session: asking for a name is no reason to log in again. */
  readonly remote: () => NamedSide | null;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/** One way to go on. */
interface Candidate {
  /** The whole word, without quotes; `null` where no line can say it. */
  readonly text: string | null;
  readonly shown: string;
  /** Whether the word is finished with it. */
  readonly ends: boolean;
}

export function createCompleter({ commands, place, remote, now }: CompleterOptions): Completer {
  const folders = new FolderNames(now);
  const sides = {
    remote: { side: remote, resolve: (text: ByteString) => resolveRemote(text, place.remote) },
    local: { side: () => localSide, resolve: (text: ByteString) => resolveLocal(text, place.local) },
  };
  const candidates = async (word: OpenWord, signal: AbortSignal): Promise<readonly Candidate[]> => {
    const what = completedAt(word, commands);
    if (what === 'nothing') return [];
    if (what === 'command') return commandNames(word, commands);
    const { side, resolve } = what.startsWith('remote') ? sides.remote : sides.local;
    const asked = side();
    const slash = word.text.lastIndexOf('/') + 1;
    if (!asked || word.isPattern) return [];
    const folder = resolve(fromText(word.text.slice(0, slash)) || '.');
    const begun = fromText(word.text.slice(slash));
    const names = (await folders.in(asked, folder, signal)).filter(
      ({ name, kind }) =>
        name.startsWith(begun) &&
        // Hidden ones are not offered unasked.
        (begun !== '' || !name.startsWith('.')) &&
        (!what.endsWith('-folder') || (kind !== 'file' && kind !== 'other')),
    );
    const [only] = names;
    const one = names.length === 1 && only ? await folders.isFolder(asked, folder, only, signal) : null;
    return names.map((name) => nameCandidate(name, word.text.slice(0, slash), one ?? name.kind === 'folder'));
  };
  return {
    forget: () => folders.forget(),
    complete: async (line, signal) => {
      const word = openWord(line);
      if (!word || /^\s*!/.test(line)) return null;
      return chosen(word, await candidates(word, signal));
    },
  };
}

function completedAt({ before, text }: OpenWord, commands: readonly AnyClientCommand[]): Completed {
  const [first, ...args] = before;
  if (first === undefined) return 'command';
  if (text.startsWith('-')) return 'nothing';
  const name = first.replace(/^[-@]+/, '');
  const declared = commands.find((one) => one.name === name || one.aliases?.includes(name) === true);
  const { completes } = declared ?? {};
  return completes?.[Math.min(countArgs(args, declared), completes.length - 1)] ?? 'nothing';
}

/** The words that are neither options nor their values. */
function countArgs(words: readonly string[], declared: AnyClientCommand | undefined): number {
  const valued = Object.values(declared?.options ?? {})
    .filter(({ kind }) => kind === 'text' || kind === 'texts')
    .flatMap(({ flags }) => flags.split(/[ ,|]+/).filter((flag) => flag.startsWith('-')));
  return words.filter((word, index) => {
    const isOption = word.startsWith('-') && word !== '-';
    return !isOption && !valued.includes(words[index - 1] ?? '');
  }).length;
}

function commandNames(
  { before, text }: OpenWord,
  commands: readonly AnyClientCommand[],
): readonly Candidate[] {
  // In front of the command itself a `-` says that its failure does not matter.
  const prefix = before.length === 0 ? (/^[-@]+/.exec(text)?.[0] ?? '') : '';
  return commands
    .flatMap(({ name, aliases = [] }) => [name, ...aliases])
    .filter((name) => name.startsWith(text.slice(prefix.length)) && /^\w/.test(name))
    .sort()
    .map((name) => ({ text: prefix + name, shown: name, ends: true }));
}

function nameCandidate({ name }: FolderName, folder: string, isFolder: boolean): Candidate {
  const shown = toText(name);
  // A control character, or what is no UTF-8, cannot be typed.
  const typed = fromText(shown) === name ? folder + shown : null;
  // A name may look like an option.
  const word = typed?.startsWith('-') === true ? `./${typed}` : typed;
  return {
    text: word === null ? null : word + (isFolder ? '/' : ''),
    shown: shown + (isFolder ? '/' : ''),
    ends: !isFolder,
  };
}

function chosen(word: OpenWord, candidates: readonly Candidate[]): Completion | null {
  const [only] = candidates;
  if (!only) return null;
  const { start, quote } = word;
  if (candidates.length === 1 && only.text !== null) {
    const insert = quoted(only.text, quote, !only.ends) + (only.ends ? ' ' : '');
    return { start, insert, choices: [] };
  }
  const shared = sharedStart(candidates.flatMap(({ text }) => text ?? []));
  const choices = candidates.map(({ shown }) => shown).sort();
  const more = candidates.every(({ text }) => text !== null) && shared.length > word.text.length;
  return more ? { start, insert: quoted(shared, quote, true), choices: [] } : { start, insert: '', choices };
}

/** In whole characters: half a surrogate pair is none. */
function sharedStart(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let shared = '';
  for (const char of first) {
    if (!others.every((text) => text.startsWith(shared + char))) break;
    shared += char;
  }
  return shared;
}
