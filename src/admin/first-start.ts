import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { isLoopback, type Address } from '../config/address.js';
import { toFault } from '../fault.js';
import { formatSize, parseSize } from '../size.js';
import type { MarkStore } from '../store/accounts.js';
import type { Accounts } from './accounts.js';
import type { Root } from './root.js';

const demo = 'demo';
const demoMark = 'demo-account';
/** Above so many bytes nobody would wait for an upload that reaches the line. */
const soonReached = 1e9;

export interface FirstStartParts {
  readonly root: Root;
  /** Where the operator is: what is pasted must work from there. */
  readonly cwd: string;
  /** How this program is called from a shell. */
  readonly program: string;
  readonly addresses: readonly Address[];
  /** What all servers of this root listen on at this moment. */
  readonly running: () => Promise<readonly Address[]>;
  readonly accounts: Accounts;
  readonly marks: MarkStore;
  /** Lines for a client's known_hosts file. */
  readonly knownHosts: (host: string, port: number) => readonly string[];
}

/**
 * What an operator who just started the server should read; nothing where accounts exist that they made themselves.
 * The first start without any account, on loopback addresses only, makes the account `demo`; its password is in the
 * text that this one call returns, and nowhere else.
 */
export async function firstStart(parts: FirstStartParts): Promise<readonly string[]> {
  const { addresses, accounts, marks } = parts;
  await writeKnownHosts(parts);
  const names = await accounts.names();
  const made = (await marks.get(demoMark)) !== null;
  const local = addresses.length > 0 && addresses.every(({ host }) => isLoopback(host));

  if (names.length === 0 && local && !made) {
    const password = randomPassword();
    if (!(await isMade(accounts, password))) return where(parts);
    await marks.set(demoMark, new Date().toISOString());
    const text = await pasteLines(parts);
    writeText(join(parts.root.var, 'first-start.txt'), `${text.join('\n')}\n`);
    return [
      `This root had no account, so '${demo}' was made. Its password, shown this once: ${password}`,
      ...text,
    ];
  }
  if (names.length === 0) {
    return [
      'There is no account yet. Make one, and it can log in at once:',
      `  ${command(parts, 'user add NAME')}`,
    ];
  }
  return made && names.includes(demo) ? where(parts) : [];
}

/** `false` when a server that starts at the same moment was the first: only one may print a password. */
async function isMade(accounts: Accounts, password: string): Promise<boolean> {
  try {
    await accounts.add(demo, { password });
    return true;
  } catch (thrown) {
    if (toFault(thrown).code === 'exists') return false;
    throw thrown;
  }
}

async function where(parts: FirstStartParts): Promise<readonly string[]> {
  const file = join(parts.root.var, 'first-start.txt');
  writeText(file, `${(await pasteLines(parts)).join('\n')}\n`);
  return [`How to try the account '${demo}' stands in ${shown(parts, file)}`];
}

async function pasteLines(parts: FirstStartParts): Promise<readonly string[]> {
  const [address] = parts.addresses;
  const { host, port } = address ?? { host: '127.0.0.1', port: 22 };
  const option = sshOption('UserKnownHostsFile', shown(parts, parts.root.knownHosts));
  const target = host.includes(':') ? `[${host}]` : host;
  return [
    'Log in from another terminal:',
    `  sftp -P ${port} -o ${option} ${demo}@${target}`,
    ...lineAtWork((await parts.accounts.lineOf(demo)).bytes),
    'See how much of its line the account uses:',
    `  ${command(parts, `quota show ${demo}`)}`,
    'Give it a password of your own:',
    `  ${command(parts, `user passwd ${demo}`)}`,
    'Make an account for somebody else:',
    `  ${command(parts, 'user add NAME')}`,
  ];
}

/** What to type in that session to be refused at the line. */
function lineAtWork(limit: number | null): readonly string[] {
  if (limit === null || limit > soonReached) return [];
  const more = limit + Math.ceil(Math.max(1, limit / 100));
  const short = formatSize(more)
    .replace(' ', '')
    .replace(/^(\d+)B$/, '$1');
  const size = /^\d+[A-Z]*$/.test(short) && parseSize(short) === more ? short : String(more);
  return [
    `See its line at work in there: an upload stops at ${formatSize(limit)} with a sentence, and the session goes on:`,
    `  !truncate -s ${size} larger`,
    '  put larger',
    '  df -h',
  ];
}

function command({ root, cwd, program }: FirstStartParts, rest: string): string {
  return root.path === cwd ? `${program} ${rest}` : `${program} --root ${forShell(root.path)} ${rest}`;
}

/** A path as short as it can be said from where the operator is. */
function shown({ cwd }: FirstStartParts, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') || isAbsolute(near) ? path : near;
}

const plain = /^[\w./:@-]+$/;

function forShell(text: string): string {
  return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** ssh splits the value of an option at blanks once more, after the shell did. */
function sshOption(name: string, value: string): string {
  return plain.test(value) ? `${name}=${value}` : forShell(`${name}="${value}"`);
}

/** Again while another server came in between: of two that start together, the last to write has both. */
async function writeKnownHosts(parts: FirstStartParts): Promise<void> {
  for (let written = ''; ;) {
    const text = knownHostsText(parts, await parts.running());
    if (text === written) return;
    writeText(parts.root.knownHosts, text);
    written = text;
  }
}

function knownHostsText({ addresses, knownHosts }: FirstStartParts, running: readonly Address[]): string {
  const lines = new Set<string>();
  for (const { host, port } of [...addresses, ...running]) {
    const everywhere = host === '0.0.0.0' || host === '::';
    const names = everywhere || isLoopback(host) ? ['127.0.0.1', '::1', 'localhost'] : [host];
    for (const name of names) for (const line of knownHosts(name, port)) lines.add(line);
  }
  return `${[...lines].join('\n')}\n`;
}

function writeText(path: string, text: string): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** 20 characters of an alphabet without look-alikes: 98 bits. */
function randomPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const group = (): string => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
