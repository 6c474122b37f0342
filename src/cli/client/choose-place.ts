import { Fault } from '../../fault.js';
import type { Terminal } from '../terminal.js';
import type { GivenArguments, GivenOptions } from './arguments.js';
import { parseDestination, parsePort, type Destination } from './destination.js';
import { isProfileName, profileNamed, type Profile, type Profiles } from './profiles.js';

/** Where to go, and what a profile adds to what was typed. */
export interface Chosen {
  readonly place: Destination;
  /** What was typed, and below it what the profile holds. */
  readonly options: GivenOptions;
  /** What was typed alone. */
  readonly typed: GivenOptions;
  /** The word that leads there again; `null` where `-s` or a person said it. */
  readonly word: string | null;
}

/**
 * The place that was typed: by `-s`, as a host, or as a profile, `NAME:` or `NAME:PATH`, which wins over a host of that
 * name. Without any: the profile `default`, else whoever is there is asked.
 * @throws Fault `invalid` where nothing is typed and nobody can be asked
 */
export async function choosePlace(
  given: GivenArguments,
  profiles: () => Promise<Profiles>,
  terminal: Pick<Terminal, 'present' | 'ask'>,
): Promise<Chosen> {
  const { options, place } = given;
  if (options.server !== undefined)
    return { place: serverPlace(options), options, typed: options, word: null };
  if (place !== null) {
    const [, name, path = ''] = /^([^:/@]+):(.*)$/s.exec(place) ?? [];
    // Digits are a port in any case; a folder of that name is `NAME:./22`.
    if (name !== undefined && isProfileName(name) && !/^\d+$/.test(path)) {
      const all = await profiles();
      if (Object.hasOwn(all, name)) return fromProfile(name, profileNamed(all, name), options, path);
    }
    const typed = parseDestination(place);
    return { place: withOptions(typed, options), options, typed: options, word: place };
  }
  const all = await profiles();
  if (Object.hasOwn(all, 'default')) return fromProfile('default', profileNamed(all, 'default'), options, '');
  return { place: await askedPlace(options, terminal), options, typed: options, word: null };
}

function serverPlace(options: GivenOptions): Destination {
  return withOptions(parseDestination(options.server ?? ''), options);
}

/** What stands at the host itself is nearer than an option before it. */
function withOptions(place: Destination, { user, port }: GivenOptions): Destination {
  return {
    ...place,
    user: place.user ?? user ?? null,
    port: place.port ?? (port === undefined ? null : parsePort(port)),
  };
}

function fromProfile(name: string, profile: Profile, typed: GivenOptions, path: string): Chosen {
  const options: GivenOptions = {
    ...profile.options,
    ...typed,
    ...joined('identity', typed, profile.options),
    ...joined('set', typed, profile.options),
  };
  const host = {
    user: null,
    host: profile.host,
    port: null,
    path: path === '' ? (profile.path ?? null) : path,
  };
  return { place: withOptions(host, options), options, typed, word: `${name}:${path}` };
}

function joined(name: 'identity' | 'set', typed: GivenOptions, stored: GivenOptions): GivenOptions {
  const all = [...(typed[name] ?? []), ...(stored[name] ?? [])];
  return all.length > 0 ? { [name]: all } : {};
}

async function askedPlace(
  options: GivenOptions,
  terminal: Pick<Terminal, 'present' | 'ask'>,
): Promise<Destination> {
  if (!terminal.present) {
    throw new Fault(
      'invalid',
      "where to? write plim [USER@]HOST[:PORT], or make a profile: plim profile add default [USER@]HOST ('plim --help' says more)",
    );
  }
  const host = (await terminal.ask('Host: ')).trim();
  const place = withOptions(parseDestination(host), options);
  if (place.user !== null) return place;
  const user = (await terminal.ask('User: ')).trim();
  return user === '' ? place : { ...place, user };
}
