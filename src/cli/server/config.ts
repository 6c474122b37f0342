import { existsSync } from 'node:fs';
import { realpathSync } from 'node:fs';
import { findRoot } from '../../admin/root.js';
import { knownSetting } from '../../config/check.js';
import { configPath, setInFile, unsetInFile } from '../../config/config-file.js';
import { environmentName, mistypedEnvironment, settingNames } from '../../config/environment.js';
import { loadSettings } from '../../config/load-settings.js';
import type { Stored } from '../../config/setting.js';
import { settings, type SettingName } from '../../config/settings.js';
import { argument, command, type Surroundings } from '../command.js';
import { table } from '../printer.js';

/** Who wrote a configuration there means a root, even before its first start. */
function configuredRoot({ folder }: Surroundings): string {
  return existsSync(configPath(folder)) ? realpathSync(folder) : findRoot(folder).path;
}

export const configShow = command({
  name: 'config show',
  summary: 'show every setting, its value, and where that comes from',
  options: {},
  run: async (context) => {
    const { stored, sources } = await loadSettings({ root: configuredRoot(context), env: context.env });
    context.printer.result(
      settingNames.map((name) => ({ name, value: stored[name], source: sources[name] })),
      table([
        ['SETTING', 'VALUE', 'FROM'],
        ...settingNames.map((name) => [name, asText(stored[name]), sources[name]]),
      ]),
    );
    return undefined;
  },
});

export const configCheck = command({
  name: 'config check',
  summary: 'check the configuration file and the environment, and change nothing',
  options: {},
  run: async (context) => {
    const root = configuredRoot(context);
    const { sources } = await loadSettings({ root, env: context.env });
    const changed = settingNames.filter((name) => sources[name] !== 'default');
    const warnings = mistypedEnvironment(context.env);
    for (const warning of warnings) context.printer.warn(warning);
    context.printer.result({ valid: true, changed, warnings }, [
      `all settings are valid; ${changed.length} of ${settingNames.length} are not at their default`,
    ]);
    return undefined;
  },
});

export const configGet = command({
  name: 'config get',
  args: ['<SETTING>'],
  summary: 'print the value of one setting',
  options: {},
  run: async (context) => {
    const name = knownSetting(argument(context, 0));
    const { stored } = await loadSettings({ root: configuredRoot(context), env: context.env });
    context.printer.result(stored[name], [asText(stored[name])]);
    return undefined;
  },
});

export const configSet = command({
  name: 'config set',
  args: ['<SETTING>', '<VALUE>'],
  summary: 'write one setting to etc/plimsoll.json; lists are separated by commas',
  options: {},
  run: async (context) => {
    const name = knownSetting(argument(context, 0));
    const path = configPath(findRoot(context.folder).path);
    const value = settings[name].fromText(argument(context, 1));
    await setInFile(path, name, value);
    context.printer.result({ name, value }, [`${name} is ${asText(value)} in ${path}`]);
    hint(context, name);
    return undefined;
  },
});

export const configUnset = command({
  name: 'config unset',
  args: ['<SETTING>'],
  summary: 'take one setting out of etc/plimsoll.json, so that its default applies',
  options: {},
  run: async (context) => {
    const typed = argument(context, 0);
    const path = configPath(findRoot(context.folder).path);
    const was = await unsetInFile(path, typed);
    // A wrong name that stands in the file can leave; one that does not is a mistake.
    if (!was) knownSetting(typed);
    context.printer.result({ name: typed, removed: was }, [
      was ? `${typed} is at its default again` : `${typed} is not in ${path}: it has its default already`,
    ]);
    if (was) hint(context, typed);
    return undefined;
  },
});

function hint({ env, printer }: Surroundings, name: string): void {
  const variable = environmentName(name as SettingName);
  if (env[variable] !== undefined) {
    printer.warn(`${variable} in the environment overrides it`);
  }
  printer.note('A running server takes it at its next start.');
}

function asText(stored: Stored): string {
  return typeof stored === 'object' ? stored.join(',') : String(stored);
}
