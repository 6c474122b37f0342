import { didYouMean, nearest } from './nearest.js';
import { settings, type SettingName } from './settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the environment that are not settings. */
const others = ['PLIMSOLL_ROOT', 'PLIMSOLL_PASSWORD'] as const;

export const settingNames = Object.keys(settings) as readonly SettingName[];

/** `login.pendingPerAddress` is `PLIMSOLL_LOGIN_PENDING_PER_ADDRESS`. */
export function environmentName(name: SettingName): string {
  const words = name.replace(/\./g, '_').replace(/[A-Z]/g, (capital) => `_${capital}`);
  return `PLIMSOLL_${words.toUpperCase()}`;
}

/** What the environment says about settings, as text. */
export function readEnvironment(env: Environment): ReadonlyMap<SettingName, string> {
  const found = new Map<SettingName, string>();
  for (const name of settingNames) {
    const text = env[environmentName(name)];
    if (text !== undefined) found.set(name, text);
  }
  return found;
}

/**
 * A sentence for each `PLIMSOLL_...` name that looks like a mistyped one. The others are left alone and not spoken of:
 * Kubernetes, for one, gives every container `PLIMSOLL_PORT` and the like beside a service of that name.
 */
export function mistypedEnvironment(env: Environment): readonly string[] {
  const known = [...settingNames.map(environmentName), ...others];
  return Object.keys(env)
    .filter((name) => name.startsWith('PLIMSOLL_') && !known.includes(name) && nearest(name, known) !== null)
    .map((name) => `${name} in the environment is no setting${didYouMean(name, known)}`);
}
