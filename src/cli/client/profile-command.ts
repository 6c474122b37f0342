import { resolve } from 'node:path';
import { didYouMean } from '../../config/nearest.js';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import { exits, type Exit } from '../exit.js';
import { table } from '../printer.js';
import { readProfileArguments, type GivenArguments, type ProfileArguments } from './arguments.js';
import { createClientPrinter, type ClientPrinter } from './client-printer.js';
import { formatHost, parseDestination, parsePort } from './destination.js';
import type { PlimOptions } from './plim-options.js';
import {
  checkProfileName,
  profileNamed,
  type Profile,
  type ProfileOptions,
  type ProfileStore,
} from './profiles.js';
import { settleOptions } from './settle-options.js';
import { readSshOptions } from './ssh-options.js';

interface Work {
  readonly given: ProfileArguments;
  readonly store: ProfileStore;
  readonly printer: ClientPrinter;
  readonly cwd: string;
}

const usages = {
  add: 'plim profile add NAME [USER@]HOST[:PORT] [--key FILE] [--path DIR] [OPTIONS]',
  list: 'plim profile list',
  show: 'plim profile show NAME',
  remove: 'plim profile remove NAME',
} as const;

type Action = keyof typeof usages;

const actions: Readonly<Record<Action, (work: Work, words: readonly string[]) => Promise<void>>> = {
  add,
  list,
  show,
  remove,
};

/** How many words each takes behind itself. */
const counts: Readonly<Record<Action, number>> = { add: 2, list: 0, show: 1, remove: 1 };

/** `plim profile ...`: places that are gone to often, by name. @throws Fault */
export async function runProfileCommand(
  read: GivenArguments,
  store: ProfileStore,
  { version, streams, cwd }: PlimOptions,
): Promise<Exit> {
  const given = readProfileArguments(read.command, read.options, version);
  if ('print' in given) {
    streams.stdout.write(given.print);
    return exits.done;
  }
  const [action, ...words] = given.words;
  if (action === undefined || !Object.hasOwn(actions, action)) {
    const known = Object.keys(usages);
    const near = action === undefined ? '' : didYouMean(action, known);
    const what =
      action === undefined ? 'plim profile takes a command' : `there is no 'profile ${printable(action)}'`;
    throw new Fault(
      'invalid',
      `${what}${near} (${known.join(', ')}; a host of that name is written 'profile:')`,
    );
  }
  const known = action as Action;
  if (words.length !== counts[known]) throw new Fault('invalid', `usage: ${usages[known]}`);
  const { json = false, quiet = false, codes = false } = given.options;
  const work = { given, store, printer: createClientPrinter(streams, { json, quiet, codes }), cwd };
  await actions[known](work, words);
  return exits.done;
}

async function add(
  { given, store, printer, cwd }: Work,
  [name = '', typed = '']: readonly string[],
): Promise<void> {
  checkProfileName(name);
  if (Object.hasOwn(await store.all(), name)) {
    throw new Fault('exists', `there is a profile '${name}' already: remove it first`);
  }
  const { password, batch, verbose, server, ...options } = given.options;
  if (password !== undefined) {
    throw new Fault(
      'invalid',
      'a profile never holds a password: log in by a key (--key FILE) or an agent, set PLIM_PASSWORD, or answer the question',
    );
  }
  if (batch !== undefined || verbose !== undefined || server !== undefined) {
    throw new Fault('invalid', `-b, -v and -s are not kept in a profile (usage: ${usages.add})`);
  }
  const place = parseDestination(typed);
  const path = given.path ?? place.path;
  const user = place.user ?? options.user;
  const port = place.port === null ? options.port : String(place.port);
  if (port !== undefined) parsePort(port);
  // A mistake is told now, and not when the profile is used.
  settleOptions(options, false);
  readSshOptions(options.set ?? [], () => undefined);
  const kept: ProfileOptions = {
    ...options,
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port }),
    ...filesFrom(options, cwd),
  };
  const profile: Profile = { host: place.host, ...(path !== null && { path }), options: kept };
  await store.set(name, profile);
  printer.result({ name, ...profile }, [`added ${name}: ${shown(profile)}; go there with: plim ${name}:`]);
}

/** A profile is used from anywhere. */
function filesFrom(options: ProfileOptions, cwd: string): ProfileOptions {
  const absolute = (path: string): string =>
    /^(~|%|\$)/.test(path) || path === '-' || path.toLowerCase() === 'none' ? path : resolve(cwd, path);
  return {
    ...(options.identity && { identity: options.identity.map(absolute) }),
    ...(options.sshConfig !== undefined && { sshConfig: absolute(options.sshConfig) }),
    ...(options.log !== undefined && { log: absolute(options.log) }),
    ...(options.lock !== undefined && { lock: absolute(options.lock) }),
  };
}

async function list({ store, printer }: Work): Promise<void> {
  const rows = Object.entries(await store.all()).sort(([one], [other]) => (one < other ? -1 : 1));
  printer.result(
    rows.map(([name, profile]) => ({ name, ...profile })),
    rows.length === 0
      ? [`no profiles; make one with: ${usages.add}`]
      : table([['NAME', 'PLACE'], ...rows.map(([name, profile]) => [name, shown(profile)])]),
  );
}

async function show({ store, printer }: Work, [name = '']: readonly string[]): Promise<void> {
  const profile = profileNamed(await store.all(), name);
  const options = Object.entries(profile.options).map(
    ([option, value]) => `  ${option}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  );
  printer.result({ name, ...profile }, [`${name}: ${shown(profile)}`, ...options]);
}

async function remove({ store, printer }: Work, [name = '']: readonly string[]): Promise<void> {
  if (!(await store.remove(name))) profileNamed(await store.all(), name);
  printer.result({ name }, [`removed ${printable(name)}`]);
}

function shown({ host, path, options: { user, port } }: Profile): string {
  const at = formatHost(host, Number(port ?? 22));
  return `${user === undefined ? '' : `${user}@`}${at}${path === undefined ? '' : `  ${path}`}`;
}
