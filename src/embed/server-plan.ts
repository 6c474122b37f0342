import { isAbsolute, resolve } from 'node:path';
import { parseAddress, type Address } from '../config/address.js';
import { knownSetting, parseStored } from '../config/check.js';
import { didYouMean } from '../config/nearest.js';
import { settings as declared, type SettingName, type Settings } from '../config/settings.js';
import { Fault, toFault } from '../fault.js';
import { algorithmsOf } from '../ssh/algorithms.js';
import { hostKeysOf, readPrivateKey, type HostKeys } from '../ssh/host-keys.js';
import { accountPlan, type AccountPlan } from './account-plan.js';
import { homeSource, type HomeSource } from './home-source.js';
import { assertKnown, isFunction, isText, optional } from './known-options.js';
import { assertOneLine } from './shared-lines.js';
import type { Authenticate, EmbeddedSetting, ListenOn, ServerOptions } from './options.js';

/** The options of a server, checked. */
export interface ServerPlan {
  readonly accounts: readonly AccountPlan[];
  readonly authenticate: Authenticate | null;
  readonly vfs: HomeSource | null;
  /** Absolute path. */
  readonly homes: string | null;
  /** `null` where none were given. */
  readonly hostKeys: HostKeys | null;
  /** Absolute path. */
  readonly keys: string | null;
  readonly settings: Settings;
  /** Milliseconds that running requests get at the end. */
  readonly grace: number;
  readonly ident: string | null;
}

const optionNames = {
  accounts: true,
  authenticate: true,
  vfs: true,
  homes: true,
  hostKey: true,
  keys: true,
  settings: true,
  ident: true,
} as const satisfies Readonly<Record<keyof ServerOptions, true>>;

/** What a setting of the server's own is for an embedded one. */
const elsewhere: Readonly<Record<Exclude<SettingName, EmbeddedSetting>, string>> = {
  listen: "say it to the server's method listen()",
  workers: 'start more processes of your own',
  'log.level': 'listen to the events',
  'log.file': 'listen to the events',
  'audit.file': 'listen to the events',
  'anonymous.enabled': 'let authenticate grant the method none',
  'anonymous.home': 'let authenticate grant the method none',
  'anonymous.readOnly': 'let authenticate grant the method none',
};

/** Milliseconds that running requests get at the end, where neither `close` nor a setting says otherwise. */
const defaultGrace = 500;

const shown = 'createServer';

/** @throws Fault `invalid` with a sentence for the first thing that is wrong */
export function serverPlan(options: unknown): ServerPlan {
  assertKnown(options, optionNames, shown);
  const vfs = homeSource({ vfs: options['vfs'] }, shown);
  const homes = folder(options, 'homes');
  const accounts = accountPlans(options['accounts']);
  const authenticate = optional(options, 'authenticate', isFunction, 'a function', shown) ?? null;
  if (authenticate && authenticate.length > 1) {
    throw new Fault(
      'invalid',
      `${shown}: authenticate is asked with one object: ({ user, password }) => ...`,
    );
  }
  if (accounts.length === 0 && !authenticate) {
    throw new Fault('invalid', `${shown}: nobody could log in: give 'accounts', 'authenticate', or both`);
  }
  for (const { name, source } of accounts) {
    if (source ?? vfs ?? homes) continue;
    throw new Fault(
      'invalid',
      `the account '${name}' has no files: give it 'vfs' or 'home', or the server 'vfs' or 'homes'`,
    );
  }
  assertOneLine(accounts, { vfs, homes });
  const settings = settingsOf(options['settings']);
  algorithmsOf(settings.all, []);
  return {
    accounts,
    authenticate: authenticate as Authenticate | null,
    vfs,
    homes,
    hostKeys: givenHostKeys(options),
    keys: folder(options, 'keys'),
    settings: settings.all,
    grace: settings.given.has('stop.grace') ? settings.all['stop.grace'] : defaultGrace,
    ident: identOf(options),
  };
}

function folder(options: Readonly<Record<string, unknown>>, name: string): string | null {
  const path = optional(options, name, isText, 'the path of a folder', shown);
  if (path === undefined) return null;
  if (path.includes('\0')) throw new Fault('invalid', `${shown}: ${name} must be the path of a folder`);
  return isAbsolute(path) ? path : resolve(path);
}

function accountPlans(accounts: unknown): readonly AccountPlan[] {
  if (accounts === undefined) return [];
  if (
    typeof accounts !== 'object' ||
    accounts === null ||
    Array.isArray(accounts) ||
    accounts instanceof Map
  ) {
    throw new Fault('invalid', `${shown}: accounts must be an object: { NAME: { password, ... }, ... }`);
  }
  const plans = Object.entries(accounts).map(([name, one]) => accountPlan(name, one));
  const seen = new Map<string, string>();
  for (const { name } of plans) {
    const same = seen.get(name.toLowerCase());
    if (same !== undefined) {
      throw new Fault(
        'invalid',
        `the accounts '${same}' and '${name}' differ in case only: names are unique without it`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
  return plans;
}

function settingsOf(given: unknown): { readonly all: Settings; readonly given: ReadonlySet<SettingName> } {
  const defaults = Object.entries(declared).map(([name, setting]) => [name, setting.parse(setting.default)]);
  const all = Object.fromEntries(defaults) as Record<SettingName, unknown>;
  const names = new Set<SettingName>();
  if (given !== undefined) {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new Fault('invalid', `${shown}: settings must be an object`);
    }
    for (const [text, value] of Object.entries(given)) {
      if (value === undefined) continue;
      const name = settingNamed(text);
      const instead = Object.hasOwn(elsewhere, name) ? elsewhere[name as keyof typeof elsewhere] : undefined;
      if (instead !== undefined) {
        throw new Fault('invalid', `${name} is no setting of an embedded server: ${instead}`);
      }
      names.add(name);
      const stored: unknown = typeof value === 'string' ? declared[name].fromText(value) : value;
      all[name] = parseStored(name, stored, ' in the settings');
    }
  }
  return { all: all as unknown as Settings, given: names };
}

function settingNamed(text: string): SettingName {
  try {
    return knownSetting(text);
  } catch (thrown) {
    throw new Fault('invalid', toFault(thrown).message);
  }
}

function givenHostKeys(options: Readonly<Record<string, unknown>>): HostKeys | null {
  const given = options['hostKey'];
  if (given === undefined) return null;
  if (options['keys'] !== undefined) {
    throw new Fault('invalid', `${shown} has both 'hostKey' and 'keys': give one of them`);
  }
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (texts.length === 0) throw new Fault('invalid', `${shown}: hostKey is an empty list`);
  const privateKeys = texts.map((text, index) => {
    const name = texts.length === 1 ? 'the host key' : `host key ${index + 1}`;
    if (typeof text === 'string') return readPrivateKey(Buffer.from(text), name);
    if (text instanceof Uint8Array) return readPrivateKey(Buffer.from(text), name);
    throw new Fault('invalid', `${shown}: ${name} must be the text of a private key, as a string or Buffer`);
  });
  return hostKeysOf(privateKeys);
}

/** [RFC 4253 4.2]: printable ASCII without blanks and hyphens; the whole line has 255 bytes at most. */
function identOf(options: Readonly<Record<string, unknown>>): string | null {
  const ident = optional(options, 'ident', isText, 'text', shown);
  if (ident === undefined) return null;
  if (/^[\x21-\x2c\x2e-\x7e]{1,200}$/.test(ident)) return ident;
  throw new Fault(
    'invalid',
    `${shown}: ident must be printable ASCII without blanks and hyphens, like Files_1.0`,
  );
}

const whereNames = { host: true, port: true } as const;

/** @throws Fault `invalid`, saying what an address looks like */
export function listenAddress(where: ListenOn): Address {
  const address = typeof where === 'string' ? parseAddress(where) : of(where);
  if (address) return address;
  throw new Fault(
    'invalid',
    `${JSON.stringify(where)} is not where to listen: give a port, { host, port }, or 'HOST:PORT'`,
  );
}

function of(where: unknown): Address | null {
  if (typeof where === 'number') return of({ port: where });
  if (typeof where !== 'object' || where === null) return null;
  const { host = '127.0.0.1', port } = where as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(where).find((name) => !Object.hasOwn(whereNames, name));
  if (unknown !== undefined) {
    throw new Fault(
      'invalid',
      `listen: there is no option '${unknown}'${didYouMean(unknown, Object.keys(whereNames))}`,
    );
  }
  const fits = typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535;
  return fits && isText(host) ? { host, port } : null;
}
