import { parseStored } from './check.js';
import { configPath, readConfigFile, type Content } from './config-file.js';
import { environmentName, readEnvironment, settingNames, type Environment } from './environment.js';
import type { Stored } from './setting.js';
import { settings, type SettingName, type Settings } from './settings.js';

/** Where the value in force comes from. */
export type Source = 'default' | 'file' | 'environment' | 'command line';

/** What was typed for one run, with the option it was typed by. */
export type Overrides = Readonly<
  Partial<Record<SettingName, { readonly value: Stored; readonly option: string }>>
>;

export interface Loaded {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, Source>>;
  /** As written, by the operator or in the table. */
  readonly stored: Readonly<Record<SettingName, Stored>>;
}

export interface Given {
  readonly root: string;
  readonly env: Environment;
  readonly overrides?: Overrides;
}

/**
 * The settings in force: the command line before the environment before `etc/plimsoll.json` before the defaults.
 * @throws Fault `invalid`, with the setting, the value, where it was found and what is allowed
 */
export async function loadSettings(from: Given): Promise<Loaded> {
  return settingsOf(await readConfigFile(configPath(from.root)), from);
}

/** As `loadSettings`, with what the file holds. */
export function settingsOf(file: Content, from: Given): Loaded {
  const path = configPath(from.root);
  const environment = readEnvironment(from.env);

  const rows = settingNames.map((name) => {
    const typed = from.overrides?.[name];
    if (typed) return row(name, typed.value, 'command line', ` (${typed.option})`);
    const text = environment.get(name);
    if (text !== undefined) {
      const where = ` in the environment (${environmentName(name)})`;
      return row(name, settings[name].fromText(text), 'environment', where);
    }
    if (Object.hasOwn(file, name)) return row(name, file[name] as Stored, 'file', ` in ${path}`);
    return row(name, settings[name].default, 'default', '');
  });
  return loadedOf(rows);
}

/** Of a process that another gave its settings, as they are written: neither file nor environment is read. */
export function givenSettings(stored: Loaded['stored']): Loaded {
  return loadedOf(settingNames.map((name) => row(name, stored[name], 'command line', '')));
}

interface Row {
  readonly name: SettingName;
  readonly stored: Stored;
  readonly source: Source;
  readonly value: unknown;
}

function loadedOf(rows: readonly Row[]): Loaded {
  return {
    settings: Object.fromEntries(rows.map(({ name, value }) => [name, value])) as unknown as Settings,
    sources: byName(rows, 'source'),
    stored: byName(rows, 'stored'),
  };
}

function row(name: SettingName, stored: Stored, source: Source, where: string): Row {
  return { name, stored, source, value: parseStored(name, stored, where) };
}

function byName<K extends 'source' | 'stored'>(
  rows: readonly Row[],
  key: K,
): Readonly<Record<SettingName, Row[K]>> {
  return Object.fromEntries(rows.map((one) => [one.name, one[key]])) as Record<SettingName, Row[K]>;
}
