import { join, resolve } from 'node:path';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import { parseDestination, parsePort, type Destination } from './destination.js';
import { homeFolder, localUser, ownFolder, type Machine } from './own-files.js';
import type { HostConfig } from './ssh-config.js';
import { LayeredOptions } from './ssh-options.js';

export interface IdentityFile {
  readonly path: string;
  /** Named on the command line or in a profile: that it is missing is a mistake. */
  readonly required: boolean;
}

/** Where to connect and how, everything settled. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly identities: readonly IdentityFile[];
  readonly agent: string | null;
  /** Names of ways to log in that may be used; `null` for all. */
  readonly methods: ReadonlySet<string> | null;
  /** Files of known hosts; the last one is written. */
  readonly knownHosts: readonly string[];
  readonly unknownKeys: 'ask' | 'accept' | 'refuse';
  /** Nobody is asked anything. */
  readonly silent: boolean;
  /** Milliseconds, where an option of ssh_config says so. */
  readonly timeout: number | null;
  /** The nearest first. */
  readonly jumps: readonly Target[];
}

export interface TargetOptions {
  readonly machine: Machine;
  /** What was typed, or a profile holds; stronger than any file. */
  readonly given: HostConfig;
  /** Key files that were named. */
  readonly identities: readonly string[];
  /** What the configuration file says for a host, before tokens are filled in. */
  readonly configured: (host: string, user: string | null) => HostConfig;
}

/** @throws Fault `invalid` for values that make no sense, and for what plim cannot do */
export function settleTarget(place: Destination, options: TargetOptions): Target {
  return settle(place, options, true);
}

function settle(
  place: Destination,
  { machine, given, identities, configured }: TargetOptions,
  jumping: boolean,
): Target {
  const userNamed = place.user ?? given.get('user')?.[0] ?? null;
  const file = configured(place.host, userNamed);
  const layers = new LayeredOptions([given, file]);
  const port =
    place.port ?? (layers.value('port') === undefined ? 22 : parsePort(layers.value('port') ?? ''));
  const host =
    layers.value('hostname')?.replace(/%([h%])/g, (_, one) => (one === 'h' ? place.host : '%')) ?? place.host;
  const user = place.user ?? layers.value('user') ?? localUser(machine);
  const path = pathReader(machine, { host, port, user, typed: place.host });
  refuseProxyCommand(layers);
  const keyFiles = layers.all('identityfile') ?? defaultKeys;
  const methods = layers.value('preferredauthentications');
  return {
    host,
    port,
    user,
    identities: [
      ...identities.map((one) => ({ path: path(one, machine.cwd), required: true })),
      ...keyFiles
        .filter((one) => one.toLowerCase() !== 'none')
        .map((one) => ({ path: path(one, machine.cwd), required: false })),
    ],
    agent: layers.whether('identitiesonly') ? null : agentOf(layers.value('identityagent'), machine, path),
    methods: methods === undefined ? null : new Set(methods.toLowerCase().split(/[\s,]+/)),
    knownHosts: knownHostsFiles(
      given.get('userknownhostsfile'),
      file.get('userknownhostsfile'),
      machine,
      path,
    ),
    unknownKeys: unknownKeysOf(layers),
    silent: layers.whether('batchmode'),
    timeout: timeoutOf(layers),
    jumps: jumping ? jumpsOf(layers.value('proxyjump'), { machine, given, identities, configured }) : [],
  };
}

const defaultKeys = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'] as const;

type ReadPath = (text: string, base: string) => string;

/** `~`, environment variables and the tokens of ssh_config that mean something here. */
function pathReader(
  machine: Machine,
  known: { readonly host: string; readonly port: number; readonly user: string; readonly typed: string },
): ReadPath {
  const home = homeFolder(machine);
  const tokens: Readonly<Record<string, string>> = {
    h: known.host,
    n: known.typed,
    p: String(known.port),
    r: known.user,
    u: localUser(machine),
    d: home,
    '%': '%',
  };
  return (text, base) => {
    const filled = text
      .replace(/^~(?=$|[/\\])/, () => home)
      .replace(/\$\{(\w+)\}/g, (_, name: string) => machine.env[name] ?? '')
      .replace(/%(.)/g, (token, name: string) => tokens[name] ?? token);
    return resolve(base, filled);
  };
}

function refuseProxyCommand(layers: LayeredOptions): void {
  const command = layers.value('proxycommand');
  if (command === undefined || command.toLowerCase() === 'none') return;
  // ssh lets a ProxyJump that stands earlier win; here it always does.
  if (layers.value('proxyjump') !== undefined) return;
  throw new Fault(
    'invalid',
    'plim does not run a ProxyCommand: go through a host with -J or ProxyJump, or pass it over with -o ProxyCommand=none',
  );
}

const windowsAgent = '\\\\.\\pipe\\openssh-ssh-agent';

function agentOf(named: string | undefined, { env, platform, cwd }: Machine, path: ReadPath): string | null {
  if (named?.toLowerCase() === 'none') return null;
  const variable =
    named === undefined || named === 'SSH_AUTH_SOCK' ? 'SSH_AUTH_SOCK' : /^\$(\w+)$/.exec(named)?.[1];
  if (variable === undefined) return named === 'pageant' ? named : path(named ?? '', cwd);
  const socket = env[variable];
  if (socket !== undefined && socket !== '') return socket;
  return platform === 'win32' && variable === 'SSH_AUTH_SOCK' ? windowsAgent : null;
}

/** Named by option, they alone are read and written, as ssh does it; otherwise plim's own file comes last. */
function knownHostsFiles(
  given: readonly string[] | undefined,
  configured: readonly string[] | undefined,
  machine: Machine,
  path: ReadPath,
): readonly string[] {
  const read = (files: readonly string[]): readonly string[] =>
    files.filter((one) => one.toLowerCase() !== 'none').map((one) => path(one, machine.cwd));
  if (given) {
    const [first, ...rest] = read(given);
    return first === undefined ? [] : [...rest, first];
  }
  const usual = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
  return [...read(configured ?? usual), join(ownFolder(machine), 'known_hosts')];
}

function unknownKeysOf(layers: LayeredOptions): Target['unknownKeys'] {
  const text = layers.value('stricthostkeychecking')?.toLowerCase() ?? 'ask';
  if (text === 'ask') return 'ask';
  if (text === 'yes' || text === 'true') return 'refuse';
  // A changed key is refused all the same.
  if (text === 'accept-new' || text === 'no' || text === 'off' || text === 'false') return 'accept';
  throw new Fault(
    'invalid',
    `StrictHostKeyChecking is '${printable(text)}': allowed is yes, no, ask or accept-new`,
  );
}

function timeoutOf(layers: LayeredOptions): number | null {
  const connecting = layers.number('connecttimeout');
  if (connecting !== undefined && connecting > 0) return connecting * 1000;
  const interval = layers.number('serveraliveinterval');
  return interval !== undefined && interval > 0
    ? interval * (layers.number('serveralivecountmax') ?? 3) * 1000
    : null;
}

/** Of what was typed only the files of known hosts and keys hold on the way; a host there has a configuration of its own. */
function jumpsOf(text: string | undefined, options: TargetOptions): readonly Target[] {
  if (text === undefined || text.toLowerCase() === 'none') return [];
  const own = ['user', 'port', 'hostname', 'proxyjump', 'proxycommand'];
  const given = new Map([...options.given].filter(([name]) => !own.includes(name)));
  return text.split(',').map((one) => {
    const place = parseDestination(one.trim().replace(/^ssh:\/\//i, 'sftp://'));
    if (place.path !== null)
      throw new Fault('invalid', `'${printable(one)}' is no host to go through: it has a path`);
    return settle(place, { ...options, given }, false);
  });
}
