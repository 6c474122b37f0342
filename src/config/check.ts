import { Fault, toFault } from '../fault.js';
import { settingNames } from './environment.js';
import { didYouMean } from './nearest.js';
import { settings, type SettingName } from './settings.js';

/** The declared setting of that name. @throws Fault `not-found`, with the nearest name there is */
export function knownSetting(name: string): SettingName {
  const known = settingNames.find((one) => one === name);
  if (known === undefined) throw new Fault('not-found', unknownSentence(name, ''));
  return known;
}

/**
 * The value the program uses for what is stored.
 * @param where where it was found: ` in FILE`, ` in the environment (NAME)`
 * @throws Fault `invalid`, naming the setting, the value, where it was found and what is allowed
 */
export function parseStored<Name extends SettingName>(
  name: Name,
  stored: unknown,
  where: string,
): ReturnType<(typeof settings)[Name]['parse']> {
  try {
    return settings[name].parse(stored) as ReturnType<(typeof settings)[Name]['parse']>;
  } catch (thrown) {
    if (toFault(thrown).code !== 'invalid') throw thrown;
    throw new Fault('invalid', `${name} is ${show(stored)}${where}: allowed is ${settings[name].allowed}`);
  }
}

/** What is wrong with the content of a configuration file, a sentence each. */
export function problemsOf(content: Readonly<Record<string, unknown>>, where: string): readonly string[] {
  const problems: string[] = [];
  for (const [name, stored] of Object.entries(content)) {
    const known = settingNames.find((one) => one === name);
    if (known === undefined) {
      problems.push(unknownSentence(name, where));
      continue;
    }
    try {
      parseStored(known, stored, where);
    } catch (thrown) {
      problems.push(toFault(thrown).message);
    }
  }
  return problems;
}

function unknownSentence(name: string, where: string): string {
  return `there is no setting '${name.slice(0, 100)}'${where}${didYouMean(name, settingNames)}`;
}

/** A value as it stands in the file, short enough for one line. */
function show(stored: unknown): string {
  const text = JSON.stringify(stored);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
