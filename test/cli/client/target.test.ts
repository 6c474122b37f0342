import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../src/cli/client/destination.js';
import { readSshOptions } from '../../../src/cli/client/ssh-options.js';
import { settleTarget, type Target } from '../../../src/cli/client/target.js';

interface Given {
  readonly set?: readonly string[];
  readonly identities?: readonly string[];
  readonly config?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
}

function target(
  place: string,
  { set = [], identities = [], config = {}, env = {}, platform = 'linux' }: Given = {},
): Target {
  return settleTarget(parseDestination(place), {
    machine: { env: { HOME: '/home/me', USER: 'me', ...env }, platform, cwd: '/desk' },
    given: readSshOptions(set, () => undefined),
    identities,
    configured: (host) => new Map(Object.entries(config[host] ?? {})),
  });
}

it('has what ssh has where nothing is said', () => {
  expect(target('host')).toEqual({
    host: 'host',
    port: 22,
    user: 'me',
    identities: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => ({
      path: `/home/me/.ssh/${name}`,
      required: false,
    })),
    agent: null,
    methods: null,
    knownHosts: [
      '/home/me/.ssh/known_hosts',
      '/home/me/.ssh/known_hosts2',
      '/home/me/.config/plim/known_hosts',
    ],
    unknownKeys: 'ask',
    silent: false,
    timeout: null,
    jumps: [],
  });
});

it('lets what was typed win over -o, and that over the file', () => {
  const config = { host: { port: ['1'], user: ['file'], hostname: ['%h.example'] } };
  expect(target('host', { config })).toMatchObject({ host: 'host.example', port: 1, user: 'file' });
  const set = ['Port=2', 'User=option', 'HostName=other'];
  expect(target('host', { config, set })).toMatchObject({ host: 'other', port: 2, user: 'option' });
  expect(target('typed@host:3', { config, set })).toMatchObject({ host: 'other', port: 3, user: 'typed' });
});

it('fills in tokens of key files, and requires those that were named', () => {
  const set = ['IdentityFile=~/k_%h_%r_%u_%p_%%', 'IdentityFile=${KEYS}/two'];
  const { identities } = target('alice@host:5', { set, identities: ['mine'], env: { KEYS: '/keys' } });
  expect(identities).toEqual([
    { path: '/desk/mine', required: true },
    { path: '/home/me/k_host_alice_me_5_%', required: false },
    { path: '/keys/two', required: false },
  ]);
  expect(target('host', { set: ['IdentityFile=none'] }).identities).toEqual([]);
});

it('finds the agent', () => {
  const env = { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' };
  expect(target('host', { env }).agent).toBe('/run/agent');
  expect(target('host', { env, set: ['IdentityAgent=none'] }).agent).toBeNull();
  expect(target('host', { env, set: ['IdentityAgent=$OTHER'] }).agent).toBe('/run/other');
  expect(target('host', { env, set: ['IdentityAgent=~/a'] }).agent).toBe('/home/me/a');
  expect(target('host', { env, set: ['IdentitiesOnly=yes'] }).agent).toBeNull();
  expect(target('host', { platform: 'win32' }).agent).toBe('\\\\.\\pipe\\openssh-ssh-agent');
});

it('reads known hosts from the files of an option alone, as ssh does, and writes the first of them', () => {
  expect(target('host', { set: ['UserKnownHostsFile=a ~/b'] }).knownHosts).toEqual(['/home/me/b', '/desk/a']);
  expect(target('host', { set: ['UserKnownHostsFile=none'] }).knownHosts).toEqual([]);
  const config = { host: { userknownhostsfile: ['/x'] } };
  expect(target('host', { config, env: { XDG_CONFIG_HOME: '/cfg' } }).knownHosts).toEqual([
    '/x',
    '/cfg/plim/known_hosts',
  ]);
});

it.each([
  ['yes', 'refuse'],
  ['ask', 'ask'],
  ['accept-new', 'accept'],
  ['no', 'accept'],
] as const)('takes StrictHostKeyChecking=%s', (value, unknownKeys) => {
  expect(target('host', { set: [`StrictHostKeyChecking=${value}`] }).unknownKeys).toBe(unknownKeys);
});

it('goes through hosts, each with a configuration of its own', () => {
  const config = {
    host: { proxyjump: ['near,bob@far:2200'] },
    near: { hostname: ['near.example'], user: ['nina'], proxyjump: ['elsewhere'] },
  };
  const { jumps } = target('host', { config, set: ['Port=7'] });
  expect(jumps.map(({ host, port, user }) => [host, port, user])).toEqual([
    ['near.example', 22, 'nina'],
    ['far', 2200, 'bob'],
  ]);
  expect(target('host', { config, set: ['ProxyJump=none'] }).jumps).toEqual([]);
});

it('waits as long as an option says', () => {
  expect(target('host', { set: ['ConnectTimeout=7', 'ServerAliveInterval=1'] }).timeout).toBe(7000);
  expect(target('host', { set: ['ServerAliveInterval=10'] }).timeout).toBe(30_000);
  expect(target('host', { set: ['ServerAliveInterval 10', 'ServerAliveCountMax 2'] }).timeout).toBe(20_000);
});

describe('what -o refuses', () => {
  it.each([
    ['Prot=22', "there is no option Prot for -o; did you mean 'Port'?"],
    ['Port', '-o takes OPTION=VALUE'],
    ['Port=0', "'0' is no port"],
    ['Ciphers=aes128-ctr', 'Ciphers cannot be set for plim'],
    ['ProxyCommand=touch /tmp/x', 'plim does not run a ProxyCommand'],
    ['StrictHostKeyChecking=maybe', 'allowed is yes, no, ask or accept-new'],
    ['BatchMode=perhaps', 'BatchMode is '],
    ['ConnectTimeout=soon', 'a whole number'],
    ['ProxyJump=-oX', 'no name begins with a dash'],
  ])('%s', (option, sentence) => {
    expect(() => target('host', { set: [option] })).toThrow(sentence);
  });

  it('notes what has no meaning, and refuses no proxy command that is none', () => {
    const notes: string[] = [];
    readSshOptions(['Compression=yes'], (note) => notes.push(note));
    expect(notes).toEqual(['Compression means nothing to plim, and is passed over']);
    const config = { host: { proxycommand: ['nc %h %p'] } };
    expect(() => target('host', { config })).toThrow('does not run a ProxyCommand');
    expect(target('host', { config, set: ['ProxyCommand=none'] }).host).toBe('host');
  });
});
