import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Conf from 'conf';
import { didYouMean } from '../../config/nearest.js';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import type { GivenOptions } from './arguments.js';

/** What a profile remembers: a place and options, by their names in `GivenOptions`; never a secret. */
export type ProfileOptions = Omit<GivenOptions, 'password' | 'batch' | 'verbose'>;

export interface Profile {
  readonly host: string;
  readonly path?: string;
  readonly options: ProfileOptions;
}

export type Profiles = Readonly<Record<string, Profile>>;

/** The profiles of one person, in `profiles.json` of plim's own folder. */
export interface ProfileStore {
  /** @throws Fault `invalid` where the file is not what plim writes */
  all(): Promise<Profiles>;
  set(name: string, profile: Profile): Promise<void>;
  /** Whether it was there. */
  remove(name: string): Promise<boolean>;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws Fault `bad-name` */
export function checkProfileName(name: string): void {
  if (namePattern.test(name)) return;
  throw new Fault(
    'bad-name',
    `'${printable(name)}' is no name for a profile: letters, digits, '.', '_' and '-', 64 at most, the first a letter or digit`,
  );
}

export function isProfileName(name: string): boolean {
  return namePattern.test(name);
}

/** @throws Fault `not-found`, naming what is near */
export function profileNamed(profiles: Profiles, name: string): Profile {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found) return found;
  throw new Fault(
    'not-found',
    `there is no profile '${printable(name)}'${didYouMean(name, Object.keys(profiles))}`,
  );
}

const text = { type: 'string', maxLength: 4096, pattern: '^[^\\u0000-\\u001f\\u007f]*$' } as const;
const texts = { type: 'array', items: text, maxItems: 100 } as const;
const yes = { type: 'boolean' } as const;

/** The same names as in `ProfileOptions`, so that a file changed by hand says what it means. */
const optionSchemas = {
  server: text,
  port: text,
  user: text,
  identity: texts,
  jump: text,
  sshConfig: text,
  set: texts,
  bandwidth: text,
  terse: yes,
  quiet: yes,
  json: yes,
  codes: yes,
  acceptNew: yes,
  hostKey: texts,
  log: text,
  logLevel: text,
  lock: text,
  retries: text,
  timeout: text,
  limit: text,
  jobs: text,
  verify: text,
  progress: text,
  collision: text,
  onMismatch: text,
} as const satisfies Readonly<Record<keyof ProfileOptions, unknown>>;

interface Stored extends Record<string, unknown> {
  readonly profiles: Profiles;
}

export function openProfiles(folder: string): ProfileStore {
  const path = join(folder, 'profiles.json');
  const all = async (): Promise<Profiles> => {
    // Asked before `conf` is, which makes the folder of a file that it does not find.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return {};
    return within(path, 'read', async () => (await open(path)).get('profiles', {}));
  };
  const change = (profiles: Profiles): Promise<void> =>
    within(path, 'written', async () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      (await open(path)).set('profiles', profiles);
    });
  return {
    all,
    set: async (name, profile) => {
      checkProfileName(name);
      await change({ ...(await all()), [name]: profile });
    },
    remove: async (name) => {
      const profiles = await all();
      if (!Object.hasOwn(profiles, name)) return false;
      await change(Object.fromEntries(Object.entries(profiles).filter(([one]) => one !== name)));
      return true;
    },
  };
}

/** Loaded when there is something to read: it takes a while, and most runs need no profile. */
async function open(path: string): Promise<Conf<Stored>> {
  const { default: ConfFile } = await import('conf');
  return new ConfFile<Stored>({
    cwd: dirname(path),
    configName: 'profiles',
    fileExtension: 'json',
    configFileMode: 0o600,
    clearInvalidConfig: false,
    accessPropertiesByDotNotation: false,
    schema: {
      profiles: {
        type: 'object',
        propertyNames: { pattern: namePattern.source },
        additionalProperties: {
          type: 'object',
          properties: {
            host: text,
            path: text,
            options: { type: 'object', properties: optionSchemas, additionalProperties: false },
          },
          required: ['host', 'options'],
          additionalProperties: false,
        },
      },
    },
  });
}

async function within<T>(path: string, what: 'read' | 'written', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const why = printable(thrown instanceof Error ? thrown.message : String(thrown));
    const code = (thrown as NodeJS.ErrnoException).code === undefined ? 'invalid' : 'failure';
    throw new Fault(code, `the profiles in ${path} cannot be ${what}: ${why}`, { cause: thrown });
  }
}
