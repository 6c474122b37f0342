import { Command as Commander, CommanderError, Option } from 'commander';
import { nearest } from '../../config/nearest.js';
import { Fault } from '../../fault.js';
import { exitHelp } from '../exit.js';

/** What was typed before the command; nothing is settled yet. */
export interface GivenOptions {
  readonly server?: string;
  readonly port?: string;
  readonly user?: string;
  readonly password?: string;
  readonly identity?: readonly string[];
  readonly jump?: string;
  readonly sshConfig?: string;
  readonly set?: readonly string[];
  readonly batch?: string;
  readonly bandwidth?: string;
  readonly terse?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  readonly json?: boolean;
  readonly codes?: boolean;
  readonly acceptNew?: boolean;
  readonly hostKey?: readonly string[];
  readonly log?: string;
  readonly logLevel?: string;
  readonly lock?: string;
  readonly retries?: string;
  readonly timeout?: string;
  readonly limit?: string;
  readonly jobs?: string;
  readonly verify?: string;
  readonly progress?: string;
  readonly collision?: 'resume' | 'overwrite' | 'rename' | 'skip';
  readonly onMismatch?: string;
}

export interface GivenArguments {
  readonly options: GivenOptions;
  /** The word for the place to go to; `null` where `-s` says it, or nothing does. */
  readonly place: string | null;
  readonly command: readonly string[];
}

/** Text to print in place of doing anything, with exit code 0. */
export interface Asked {
  readonly print: string;
}

/** Words that stand in the place's position and are no place; a host of that name is written `NAME:`. */
export const reservedWords = ['profile', 'help', 'codes', 'version'] as const;

/**
 * Reads what follows `plim`. Options come before the place or right behind it, and end at the command, whose own options
 * are left in its words.
 * @throws Fault `invalid`, with what is wrong and what is near
 */
export function readArguments(argv: readonly string[], version: string): GivenArguments | Asked {
  const options: Record<string, unknown> = {};
  const before = readOptions(argv, options, version);
  if ('print' in before) return before;
  const [place, ...rest] = before.rest;
  if (options['server'] !== undefined) return { options, place: null, command: before.rest };
  if (place === undefined) return { options, place: null, command: [] };
  if (before.literal || isReserved(place)) return { options, place, command: rest };
  const behind = readOptions(rest, options, version);
  return 'print' in behind ? behind : { options, place, command: behind.rest };
}

/** What follows `plim profile`; options may stand anywhere. */
export interface ProfileArguments {
  readonly words: readonly string[];
  readonly options: GivenOptions;
  readonly path: string | null;
}

/** @throws Fault `invalid` */
export function readProfileArguments(
  argv: readonly string[],
  before: GivenOptions,
  version: string,
): ProfileArguments | Asked {
  const into: Collected = { ...before };
  const words: string[] = [];
  for (let left = argv; ;) {
    const taken = readOptions(left, into, version, true);
    if ('print' in taken) return taken;
    const [word, ...rest] = taken.rest;
    if (word === undefined) break;
    words.push(word);
    left = rest;
  }
  const { path, ...options } = into;
  return { words, options, path: typeof path === 'string' ? path : null };
}

export function isReserved(word: string): boolean {
  return (reservedWords as readonly string[]).includes(word);
}

type Collected = Record<string, unknown>;

/** Takes options off the front, and puts them into `into`. */
function readOptions(
  words: readonly string[],
  into: Collected,
  version: string,
  forProfile = false,
): { readonly rest: readonly string[]; readonly literal: boolean } | Asked {
  let printed = '';
  const parser = declared(into, version, forProfile).configureOutput({
    writeOut: (text) => (printed += text),
    writeErr: () => undefined,
  });
  try {
    parser.parse(words, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return { print: printed };
    throw new Fault('invalid', `${sentence(thrown.message, parser)} ('plim --help' lists the options)`);
  }
  const taken = words.length - parser.args.length;
  return { rest: parser.args, literal: words[taken - 1] === '--' };
}

function sentence(message: string, parser: Commander): string {
  const [first = message] = message.replace(/^error: /, '').split('\n');
  const unknown = /^unknown option '(.+)'$/.exec(first)?.[1]?.replace(/=.*$/, '');
  const known = parser.options.flatMap(({ long }) => long ?? []);
  const near = unknown?.startsWith('--') === true ? nearest(unknown, known) : null;
  return near === null ? first : `${first}; did you mean '${near}'?`;
}

function declared(into: Collected, version: string, forProfile: boolean): Commander {
  const made = new Commander('plim')
    .description('Files to and from an SFTP server: whole, verified, and resumed after a break')
    .usage('[options] [USER@]HOST[:PORT] [COMMAND [ARGUMENT...]]')
    .argument('[words...]')
    .passThroughOptions()
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this')
    .helpCommand(false)
    .configureHelp({ visibleArguments: () => [] })
    .addHelpText('after', moreHelp())
    .exitOverride()
    .action(() => undefined);
  const add = (flags: string, help: string, name: string, read: (value: string) => unknown): void => {
    const option = new Option(flags, help);
    made.addOption(option).on(`option:${option.name()}`, (value?: string) => {
      into[name] = read(value ?? '');
    });
  };
  const more = (name: string) => (value: string) => [
    ...((into[name] as readonly string[] | undefined) ?? []),
    value,
  ];
  const same = (value: string): string => value;
  const yes = (): true => true;

  add('-s, --server <HOST>', 'the place as an option, with -P, -u and -p', 'server', same);
  add('-P, --port <PORT>', 'port, 22 unless told', 'port', same);
  add('-u, --user <USER>', 'user', 'user', same);
  add('-p, --password <PASSWORD>', 'password; others on this machine can see it', 'password', same);
  add('-i, --identity <FILE>', 'private key; may be given again', 'identity', more('identity'));
  add('-J, --jump <PLACES>', 'go through these hosts, separated by commas', 'jump', same);
  add('-F, --ssh-config <FILE>', "read this in place of ~/.ssh/config; 'none' reads none", 'sshConfig', same);
  add('-o, --set <OPTION=VALUE>', 'an option as in ssh_config; may be given again', 'set', more('set'));
  add('--accept-new', 'take the key of a host that is not known yet', 'acceptNew', yes);
  add('--host-key <FINGERPRINT>', 'the key that the host must have, SHA256:...', 'hostKey', more('hostKey'));
  add('-b, --batch <FILE>', "commands from a file, one a line; '-' is standard input", 'batch', same);
  add('--json', 'one JSON document for each result', 'json', yes);
  add('--codes', 'the number of each outcome before it', 'codes', yes);
  add('--quiet', 'print only failures', 'quiet', yes);
  add('-q, --terse', 'neither progress nor what is only good to know', 'terse', yes);
  add('-v, --verbose', 'say what goes on; more with each', 'verbose', () => Number(into['verbose'] ?? 0) + 1);
  add('--progress <KIND>', 'bar, plain or none', 'progress', same);
  add('--log <FILE>', "append what happens as JSON lines; '-' is standard error", 'log', same);
  add('--log-level <LEVEL>', 'error, warn, info or debug', 'logLevel', same);
  add('--lock <FILE>', 'end with 1 where another plim holds this file', 'lock', same);
  add('--retries <N>', 'attempts without progress before giving up, 3 unless told', 'retries', same);
  add('--timeout <SECONDS>', 'seconds without an answer, 30 unless told', 'timeout', same);
  add('--limit <RATE>', 'bytes a second, as 500KB or 2MiB', 'limit', same);
  add('-l, --bandwidth <KBITS>', "as sftp's -l: Kbit a second", 'bandwidth', same);
  add('--jobs <N>', 'files at once', 'jobs', same);
  add('--verify <HASH>', 'md5, sha256 or none', 'verify', same);
  for (const choice of ['resume', 'overwrite', 'rename', 'skip'] as const) {
    add(`--${choice}`, `${choice} what is there already`, 'collision', () => choice);
  }
  add('--on-mismatch <WHAT>', 'restart or fail, where the part that is there differs', 'onMismatch', same);
  if (forProfile) {
    add('--key <FILE>', 'the same as -i', 'identity', more('identity'));
    add('--path <DIR>', 'the folder to begin in', 'path', same);
  }
  return made;
}

function moreHelp(): string {
  return `
Places:
  [USER@]HOST[:PORT]  [USER@]HOST:PATH  [USER@][IPV6]:PORT  sftp://[USER@]HOST[:PORT][/PATH]
  NAME:[PATH]         the profile NAME, where there is one; 'plim' alone goes to the profile 'default'

Without a place:
  plim profile add|list|show|remove    plim help [COMMAND]    plim codes    plim version

Examples:
  plim alice@files.example
  plim alice@files.example put -r reports
  plim work: get --resume backup.tar
${exitHelp()}`;
}
