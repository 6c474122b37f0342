import { parseDocument } from 'yaml';
import { didYouMean } from '../config/nearest.js';
import { Fault, toFault } from '../fault.js';
import { parseKeyFile } from '../publickey/key-file.js';
import type { AccountWish } from './accounts.js';
import { parseExpiry } from './expiry.js';
import { parseBytesLimit, parseFilesLimit } from './lines.js';

export interface WantedAccount {
  readonly name: string;
  readonly wish: AccountWish;
}

const longestFile = 16 * 2 ** 20;

/** What an account may say in the file: one row each, from its value to the wish. */
const fields: Readonly<Record<string, (value: unknown) => AccountWish>> = {
  password: (value) => ({ password: text(value) }),
  passwordHash: (value) => ({ passwordHash: text(value) }),
  keys: (value) => ({
    keys: array(value).flatMap((key) => parseKeyFile(text(key))),
    onlyThoseKeys: true,
  }),
  quota: (value) => ({ bytesLimit: value === null ? null : parseBytesLimit(textOrNumber(value)) }),
  files: (value) => ({ filesLimit: value === null ? null : parseFilesLimit(textOrNumber(value)) }),
  home: (value) => ({ home: text(value) }),
  role: (value) => ({ role: oneOf(value, ['user', 'admin']) }),
  readOnly: (value) => ({ readOnly: truth(value) }),
  expires: (value) => ({ expires: value === null ? null : parseExpiry(text(value)) }),
  state: (value) => ({ state: oneOf(value, ['active', 'locked']) }),
};

/**
 * The accounts of a file for `plimsoll apply`, JSON or YAML: `{ accounts: [{ name, ... }] }`. A field that is absent is
 * left as it is.
 * @throws Fault `invalid`, naming the account, the field and what is allowed; no secret is repeated
 */
export function parseApplyFile(content: string): readonly WantedAccount[] {
  const document = record(parse(content), 'the file', '{ accounts: [...] }');
  assertKnown(document, ['accounts'], 'the file');
  if (!Array.isArray(document['accounts'])) {
    throw new Fault('invalid', "the file needs a list 'accounts', of at least one account");
  }
  const wanted = document['accounts'].map((one: unknown, index) => accountOf(one, index + 1));
  if (wanted.length === 0) throw new Fault('invalid', "the list 'accounts' is empty");
  const seen = new Set<string>();
  for (const { name } of wanted) {
    if (seen.has(name.toLowerCase())) throw new Fault('invalid', `the account '${name}' stands there twice`);
    seen.add(name.toLowerCase());
  }
  return wanted;
}

function parse(content: string): unknown {
  if (content.length > longestFile)
    throw new Fault('invalid', 'the file is too large to be a list of accounts');
  const document = parseDocument(content, { prettyErrors: true, stringKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    // The parser quotes the line, which may hold a password.
    const [first = ''] = problem.message.split('\n');
    throw new Fault('invalid', `the file is neither JSON nor YAML: ${first.replace(/:$/, '')}`);
  }
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (cause) {
    throw new Fault('invalid', 'the file uses too many YAML aliases', { cause });
  }
}

function accountOf(value: unknown, number: number): WantedAccount {
  const { name, ...rest } = record(value, `account ${number}`);
  if (typeof name !== 'string') throw new Fault('invalid', `account ${number} needs a name, as text`);
  assertKnown(rest, Object.keys(fields), `account '${name}'`);
  const wishes = Object.entries(rest).map(([field, stated]): AccountWish => {
    try {
      return fields[field]?.(stated) ?? {};
    } catch (thrown) {
      throw new Fault('invalid', `account '${name}', ${field}: ${toFault(thrown).message}`);
    }
  });
  const wish: AccountWish = Object.assign({}, ...wishes) as AccountWish;
  if (wish.password !== undefined && wish.passwordHash !== undefined) {
    throw new Fault('invalid', `account '${name}' has both password and passwordHash: leave one out`);
  }
  return { name, wish };
}

function assertKnown(value: object, known: readonly string[], where: string): void {
  for (const [name, stated] of Object.entries(value)) {
    if (known.includes(name)) continue;
    if (stated === null) {
      // In `{ password: one,two }` YAML takes `two` for a field: it is not repeated.
      throw new Fault('invalid', `${where} has a field without a value: put text with commas in quotes`);
    }
    throw new Fault('invalid', `${where} has no field '${name}'${didYouMean(name, known)}`);
  }
}

function record(
  value: unknown,
  what: string,
  like = '{ name: alice, ... }',
): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Fault('invalid', `${what} must be a mapping, like ${like}`);
}

function text(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Fault('invalid', 'must be text that is not empty (put numbers in quotes)');
}

function textOrNumber(value: unknown): string {
  return typeof value === 'number' ? String(value) : text(value);
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new Fault('invalid', 'must be true or false');
}

function array(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Fault('invalid', 'must be a list');
}

function oneOf<const T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Fault('invalid', `must be ${allowed.join(' or ')}`);
  return found;
}
