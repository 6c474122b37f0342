import { windows } from '../../../client/local-path.js';
import { toBytes, type ByteString } from '../../../names.js';

/** A word of a command line that was stopped, for the one that goes on. */
export interface AgainWord {
  readonly text: ByteString;
  readonly pattern: ByteString | null;
}

/** What leads on where a transfer stopped. */
export interface Again {
  /** `get`, `put`. */
  readonly command: string;
  /** As they were typed, without those about what is there. */
  readonly options: readonly string[];
  readonly words: readonly AgainWord[];
}

/** A line for the shell that plim was called from, which can be pasted. @param route the words that lead to the server */
export function againFromOutside({ command, options, words }: Again, route: readonly string[]): string {
  const spoken = words.map(({ text, pattern }) =>
    toBytes(pattern === null ? argument(text) : pattern.replace(/\\([!^-])/g, '$1')).toString('utf8'),
  );
  return ['plim', ...route, command, '--resume', ...options, ...spoken].map(shellWord).join(' ');
}

/** A line for plim's own prompt. */
export function againFromPrompt({ command, options, words }: Again): string {
  const spoken = words.map(({ text, pattern }) =>
    toBytes(pattern === null ? promptWord(text) : promptPattern(pattern)).toString('utf8'),
  );
  const one = { get: 'reget', put: 'reput' }[command];
  return [...(one === undefined ? [command, '--resume'] : [one]), ...options, ...spoken].join(' ');
}

/** As `wordFromArgument` takes it for one name. */
function argument(text: ByteString): ByteString {
  const word = text.startsWith('-') ? `./${text}` : text;
  return /[*?[]/.test(word) ? word.replace(/[\\*?[\]]/g, '\\$&') : word;
}

/** For a POSIX shell [POSIX XCU 2.2]; control characters as bash, ksh and zsh read them in `$'...'`. */
function shellWord(word: string): string {
  if (/^[A-Za-z0-9_./:@%+=,~-]+$/.test(word) && !word.startsWith('~')) return word;
  if (windows) return `"${word.replace(/"/g, '""')}"`;
  if (!/[\x00-\x1f\x7f-\x9f]/.test(word)) return `'${word.replace(/'/g, "'\\''")}'`;
  const escaped = word.replace(/[\\']/g, '\\$&').replace(/[\x00-\x1f\x7f-\x9f]/g, inOctal);
  return `$'${escaped}'`;
}

function inOctal(char: string): string {
  return [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** As `splitLine` takes it for one name. */
function promptWord(text: ByteString): ByteString {
  const word = text.startsWith('-') || text.startsWith('~') ? `./${text}` : text;
  return /^[^ \t\r\n'"\\*?[\]#]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
}

/** A pattern has its escapes already; what else would end the word gets one. */
function promptPattern(pattern: ByteString): ByteString {
  return pattern.replace(/\\.|[\s'"#]/gs, (found) => (found.startsWith('\\') ? found : `\\${found}`));
}
