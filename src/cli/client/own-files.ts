import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../../config/environment.js';

/** What plim knows of the machine it runs on; tests bring their own. */
export interface Machine {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** The current folder. */
  readonly cwd: string;
}

export function homeFolder({ env, platform }: Machine): string {
  const named = platform === 'win32' ? (env['USERPROFILE'] ?? env['HOME']) : env['HOME'];
  return named === undefined || named === '' ? homedir() : named;
}

/** Where profiles, known hosts and the history are kept; it may not be there yet. [XDG base directories] */
export function ownFolder(machine: Machine): string {
  const { env, platform } = machine;
  const named = platform === 'win32' ? env['APPDATA'] : env['XDG_CONFIG_HOME'];
  const home = homeFolder(machine);
  if (named !== undefined && isAbsolute(named)) return join(named, 'plim');
  return platform === 'win32' ? join(home, 'AppData', 'Roaming', 'plim') : join(home, '.config', 'plim');
}

/** Who is logged in here: the user at a server where none is named. */
export function localUser({ env, platform }: Machine): string {
  const named = platform === 'win32' ? env['USERNAME'] : (env['USER'] ?? env['LOGNAME']);
  if (named !== undefined && named !== '') return named;
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return 'root';
  }
}
