import { environmentName, settingNames } from '../../src/config/environment.js';
import { settings, type SettingName } from '../../src/config/settings.js';

/** What `docs/configuration.md` says about each setting, from the one place where it is declared. */
export function settingsDocument(): string {
  return settingNames.map(sectionOf).join('\n');
}

function sectionOf(name: SettingName): string {
  const { default: standard, allowed, help } = settings[name];
  return [
    `### \`${name}\``,
    '',
    `${help.charAt(0).toUpperCase()}${help.slice(1)}.`,
    '',
    `- Default: \`${JSON.stringify(standard)}\``,
    `- Allowed: ${allowed}`,
    `- Environment: \`${environmentName(name)}\``,
    '',
  ].join('\n');
}
