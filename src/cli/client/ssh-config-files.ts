import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import { homeFolder, type Machine } from './own-files.js';
import { readHostConfig, type ConfigFiles, type HostConfig } from './ssh-config.js';

/**
 * What `~/.ssh/config`, or the file given by `-F`, says for a host; `-F none` reads none.
 * @throws Fault `not-found` for a file that was given and is not there
 */
export function sshConfigReader(
  machine: Machine,
  given: string | undefined,
): (host: string, user: string | null) => HostConfig {
  if (given?.toLowerCase() === 'none') return () => new Map();
  const path =
    given === undefined ? sshPath(machine, 'config') : resolve(machine.cwd, atHome(machine, given));
  const files = configFiles(machine);
  if (given !== undefined && files.read(path) === null) {
    throw new Fault('not-found', `the configuration file ${printable(path)} is not there`);
  }
  return (host, user) => readHostConfig(path, { host, user }, files);
}

function configFiles(machine: Machine): ConfigFiles {
  return {
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (thrown) {
        const { code, message } = thrown as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return null;
        throw new Fault('denied', `${printable(path)} cannot be read: ${message} (-F none reads none)`, {
          cause: thrown,
        });
      }
    },
    list: (folder) => {
      try {
        return readdirSync(folder);
      } catch {
        return [];
      }
    },
    resolve: (text) => sshPath(machine, atHome(machine, text)),
  };
}

/** Relative names count from `~/.ssh`. */
function sshPath(machine: Machine, text: string): string {
  return resolve(homeFolder(machine), '.ssh', text);
}

function atHome(machine: Machine, text: string): string {
  return text.replace(/^~(?=$|[/\\])/, () => homeFolder(machine));
}
