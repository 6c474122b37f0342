import SSHConfig from 'ssh-config';
import { Fault } from '../../fault.js';
import { fromText, toText } from '../../names.js';
import { matcher } from '../../pattern.js';
import { printable } from '../../observe/printable.js';

type Lines = ReturnType<typeof SSHConfig.parse>;
type Line = Lines[number];

/** The files that a configuration is read from. */
export interface ConfigFiles {
  /** `null` where it is not there. @throws Fault where it cannot be read */
  read(path: string): string | null;
  /** Names in a folder; none where it is not there. */
  list(folder: string): readonly string[];
  /** An absolute path of what `Include` names: `~` is the home, and the rest counts from `~/.ssh`. */
  resolve(path: string): string;
}

/** What a configuration says for one host: values in the order of the file, by lower-case names. */
export type HostConfig = ReadonlyMap<string, readonly string[]>;

/** As deep as OpenSSH follows `Include`. */
const deepest = 16;

/** Tells that a section's condition was met. */
const marker = 'PlimSectionApplies';

/**
 * What a file of `ssh_config` says for a host, first values first. Conditions are left to the package; `Include` is not, which it
 * does not know. Nothing in the file runs a program: `Match exec` never applies, and host names are not made canonical,
 * for which the package would ask `nslookup`.
 * @throws Fault `invalid` for a file that cannot be understood
 */
export function readHostConfig(
  path: string,
  { host, user }: { readonly host: string; readonly user: string | null },
  files: ConfigFiles,
): HostConfig {
  /** Of sections that do not apply nothing is in it, so that every line in it applies. */
  const applying = new SSHConfig();
  const target = user === null ? { Host: host } : { Host: host, User: user };
  const applies = (section: Line): boolean => {
    const probe = new SSHConfig();
    probe.push(...applying, { ...section, config: SSHConfig.parse(`${marker} yes`) } as Line);
    return marker.toLowerCase() in compute(probe, target);
  };
  const walk = (lines: Iterable<Line>, depth: number): void => {
    for (const line of lines) {
      if (line.type !== SSHConfig.DIRECTIVE || !('param' in line)) continue;
      const name = line.param.toLowerCase();
      if (name === 'host' || name === 'match') {
        if ('config' in line && applies(line)) walk(line.config, depth);
      } else if (name === 'include') {
        if (depth >= deepest)
          throw new Fault('invalid', `${path}: Include goes deeper than ${deepest} files`);
        for (const file of valuesOf(line.value).flatMap((one) => filesFor(one, files))) {
          walk(parse(file, files) ?? [], depth + 1);
        }
      } else if (!runsPrograms.has(name)) {
        // The package knows these by their usual spelling only.
        applying.push({ ...line, param: spelled[name] ?? line.param });
      }
    }
  };
  walk(parse(path, files) ?? [], 0);
  return collected(applying);
}

/** The package would act on these, or whoever reads its answer might. */
const runsPrograms: ReadonlySet<string> = new Set([
  'canonicalizehostname',
  'canonicaldomains',
  'knownhostscommand',
  'localcommand',
]);

const spelled: Readonly<Record<string, string>> = { hostname: 'HostName', user: 'User' };

function compute(config: Lines, target: { readonly Host: string; readonly User?: string }): object {
  return config.compute(target, { ignoreCase: true, matchExec: false });
}

function parse(path: string, files: ConfigFiles): Lines | null {
  const text = files.read(path);
  if (text === null) return null;
  try {
    return SSHConfig.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Fault('invalid', `${path} cannot be understood: ${printable(why)}`);
  }
}

function valuesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map((one: { readonly val: string }) => one.val) : [];
}

/** All that are there, in the order of their names; a pattern stands in the last name only. */
function filesFor(named: string, files: ConfigFiles): readonly string[] {
  const path = files.resolve(named);
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  const last = path.slice(slash + 1);
  if (!/[*?[]/.test(last)) return [path];
  const matches = matcher(fromText(last));
  return files
    .list(path.slice(0, slash) || '/')
    .filter((name) => matches(fromText(name)))
    .sort()
    .map((name) => path.slice(0, slash + 1) + toText(fromText(name)));
}

function collected(lines: Lines): HostConfig {
  const found = new Map<string, readonly string[]>();
  for (const line of lines) {
    if (!('param' in line)) continue;
    const name = line.param.toLowerCase();
    const values = valuesOf(line.value);
    if (!found.has(name)) found.set(name, values);
    else if (name === 'identityfile') found.set(name, [...(found.get(name) ?? []), ...values]);
  }
  return found;
}
