import { readFileSync } from 'node:fs';
import type { AccountWish } from '../../admin/accounts.js';
import { parseExpiry } from '../../admin/expiry.js';
import { parseBytesLimit, parseFilesLimit } from '../../admin/lines.js';
import { Fault, toFault } from '../../fault.js';
import { systemWords } from '../../observe/system-words.js';
import { parseKeyFile } from '../../publickey/key-file.js';
import type { PublicKey } from '../../publickey/public-key.js';
import type { Role } from '../../store/accounts.js';
import { either, flag, text, texts, type Context } from '../command.js';
import type { Terminal } from '../terminal.js';

/** What `user add` and `user set` take alike. */
export const accountOptions = {
  passwordStdin: flag('--password-stdin', 'read the password from standard input'),
  key: texts('--key <FILE>', 'a file of public keys, - for standard input; can be repeated'),
  quota: text('--quota <SIZE>', 'load line of the home: 100MB, 64MiB, none, or default'),
  files: text('--files <N>', 'files the home may hold: a number, none, or default'),
  home: text('--home <DIR>', 'folder of the host, below the root unless absolute (homes/NAME)'),
  role: text('--role <ROLE>', 'user, or admin, who sees all homes as NAME+admin'),
  readOnly: either('--read-only', 'the account may not change anything'),
  expires: text('--expires <DATE>', 'when logins end: 2027-01-31 (UTC), 2027-01-31T18:00:00Z, or never'),
};

/** What the options say, but for the password. @throws Fault `invalid`, `not-found` */
export async function wishOf({ options, terminal }: Context<typeof accountOptions>): Promise<AccountWish> {
  if (options.passwordStdin && options.key.includes('-')) {
    throw new Fault('invalid', 'standard input can hold the password or a key, not both');
  }
  const keys: PublicKey[] = [];
  for (const file of options.key) keys.push(...(await readKeys(file, terminal)));
  return {
    ...(keys.length > 0 && { keys: unique(keys) }),
    ...(options.quota !== undefined && { bytesLimit: parseBytesLimit(options.quota) }),
    ...(options.files !== undefined && { filesLimit: parseFilesLimit(options.files) }),
    ...(options.home !== undefined && { home: folder(options.home) }),
    ...(options.role !== undefined && { role: roleOf(options.role) }),
    ...(options.readOnly !== undefined && { readOnly: options.readOnly }),
    ...(options.expires !== undefined && { expires: parseExpiry(options.expires) }),
  };
}

/** The keys of a file, `-` being standard input. @throws Fault `not-found`, `invalid`, naming the file */
export async function readKeys(file: string, terminal: Terminal): Promise<readonly PublicKey[]> {
  const where = file === '-' ? 'standard input' : file;
  const content = file === '-' ? await terminal.readInput() : readText(file);
  try {
    return parseKeyFile(content);
  } catch (thrown) {
    const fault = toFault(thrown);
    throw new Fault(fault.code, `${where}: ${fault.message}`, { cause: fault.cause });
  }
}

/** @throws Fault `not-found`, `failure`, naming the file */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Fault('not-found', `there is no file ${file}`, { cause });
    throw new Fault('failure', `${file} cannot be read: ${systemWords(cause)}`, { cause });
  }
}

function unique(keys: readonly PublicKey[]): readonly PublicKey[] {
  return [...new Map(keys.map((key) => [key.fingerprint, key])).values()];
}

function folder(path: string): string {
  if (path === '') throw new Fault('invalid', '--home needs a folder');
  return path;
}

function roleOf(role: string): Role {
  if (role === 'user' || role === 'admin') return role;
  throw new Fault('invalid', `'${role}' is not a role: write user or admin`);
}
