import { statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type Conf from 'conf';
import { Fault } from '../fault.js';
import { systemWords } from '../observe/system-words.js';
import { parseStored, problemsOf } from './check.js';
import type { Stored } from './setting.js';
import type { SettingName } from './settings.js';

/** What a file holds, by flat names with dots. */
export type Content = Readonly<Record<string, unknown>>;

/** `etc/plimsoll.json` below the root. */
export function configPath(root: string): string {
  return join(root, 'etc', 'plimsoll.json');
}

/**
 * What the operator changed, by flat names with dots. One call reads and checks the file once: this is a snapshot.
 * A file that is absent holds nothing; nothing is made or written.
 * @throws Fault `invalid`, with each wrong or unknown setting
 */
export async function readConfigFile(path: string): Promise<Content> {
  return isThere(path) ? read(path, await open(path, null)) : {};
}

/**
 * Asked before `conf` is: that one makes the folder of a file it does not find, which fails where the root may not be
 * written. And a file that is there but hidden by rights must not pass for absent.
 */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (thrown) {
    throw described(path, thrown, 'read');
  }
}

/** Writes one setting. @throws Fault `invalid`; `failure` where the file cannot be written */
export async function setInFile(path: string, name: SettingName, stored: Stored): Promise<void> {
  parseStored(name, stored, '');
  await change(path, name, (conf) => conf.set(name, stored));
}

/**
 * Takes one setting out, so that its default applies again; a name that is no setting can leave this way too.
 * Returns whether it was there.
 */
export async function unsetInFile(path: string, name: string): Promise<boolean> {
  if (!isThere(path)) return false;
  const conf = await open(path, name);
  if (!Object.hasOwn(read(path, conf), name)) return false;
  await change(path, name, (one) => one.delete(name));
  return true;
}

async function change(path: string, name: string, write: (conf: Conf) => void): Promise<void> {
  try {
    write(await open(path, name));
  } catch (thrown) {
    throw described(path, thrown, 'written');
  }
}

function read(path: string, conf: Conf): Content {
  try {
    return { ...conf.store };
  } catch (thrown) {
    throw described(path, thrown, 'read');
  }
}

/**
 * Most roots have no such file: then no command waits until what reads it is loaded.
 * @param repaired the one setting that may be wrong in the file, because it is about to be changed
 */
async function open(path: string, repaired: string | null): Promise<Conf> {
  const { default: ConfFile } = await import('conf');
  const extension = extname(path);
  try {
    return new ConfFile({
      cwd: dirname(path),
      configName: basename(path, extension),
      fileExtension: extension,
      configFileMode: 0o600,
      clearInvalidConfig: false,
      accessPropertiesByDotNotation: false,
      // The schema is the table of settings itself: one keyword that asks it about the whole document.
      rootSchema: { declaredSettings: true },
      ajvOptions: {
        keywords: [
          {
            keyword: 'declaredSettings',
            type: 'object',
            validate: (_schema: unknown, content: Content) => {
              const checked = Object.entries(content).filter(([name]) => name !== repaired);
              const problems = problemsOf(Object.fromEntries(checked), ` in ${path}`);
              if (problems.length > 0) throw new Fault('invalid', problems.join('\n'));
              return true;
            },
          },
        ],
      },
    });
  } catch (thrown) {
    throw described(path, thrown, 'read');
  }
}

function described(path: string, thrown: unknown, what: 'read' | 'written'): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof SyntaxError) return new Fault('invalid', `${path} is not valid JSON: ${message}`);
  if (message.startsWith('Config schema violation')) {
    return new Fault('invalid', `${path} must hold one JSON object: { "SETTING": VALUE, ... }`);
  }
  return new Fault('failure', `${path} cannot be ${what}: ${systemWords(thrown)}`, { cause: thrown });
}
