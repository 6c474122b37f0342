import { didYouMean } from '../../config/nearest.js';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import type { HostConfig } from './ssh-config.js';

/** The options of `ssh_config` that plim follows, by lower-case names. */
const followed = {
  batchmode: 'BatchMode',
  connecttimeout: 'ConnectTimeout',
  hostname: 'HostName',
  identitiesonly: 'IdentitiesOnly',
  identityagent: 'IdentityAgent',
  identityfile: 'IdentityFile',
  port: 'Port',
  preferredauthentications: 'PreferredAuthentications',
  proxycommand: 'ProxyCommand',
  proxyjump: 'ProxyJump',
  serveralivecountmax: 'ServerAliveCountMax',
  serveraliveinterval: 'ServerAliveInterval',
  stricthostkeychecking: 'StrictHostKeyChecking',
  user: 'User',
  userknownhostsfile: 'UserKnownHostsFile',
} as const;

export type SshOption = keyof typeof followed;

/** Those about what a client for files does not do, or does anyway. */
const withoutMeaning: ReadonlySet<string> = new Set(
  [
    'AddKeysToAgent AddressFamily CheckHostIP ClearAllForwardings Compression ControlMaster ControlPath ControlPersist',
    'EscapeChar ExitOnForwardFailure ForwardAgent ForwardX11 ForwardX11Trusted GSSAPIAuthentication',
    'GSSAPIDelegateCredentials HashKnownHosts IPQoS LogLevel NoHostAuthenticationForLocalhost NumberOfPasswordPrompts',
    'RequestTTY SendEnv SetEnv StreamLocalBindUnlink TCPKeepAlive UpdateHostKeys UseKeychain VisualHostKey WarnWeakCrypto',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
);

/** Those that would change how it connects, so that they cannot be passed over in silence. */
const notOffered: ReadonlySet<string> = new Set(
  [
    'BindAddress BindInterface CASignatureAlgorithms CertificateFile Ciphers GlobalKnownHostsFile HostbasedAuthentication',
    'HostKeyAlgorithms HostKeyAlias Include KbdInteractiveAuthentication KexAlgorithms KnownHostsCommand LocalCommand',
    'MACs PasswordAuthentication PermitLocalCommand PKCS11Provider PubkeyAcceptedAlgorithms PubkeyAuthentication',
    'RekeyLimit SecurityKeyProvider',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
);

/**
 * What `-o NAME=VALUE` says, the first of several first, as ssh takes them.
 * @param note told of an option that means nothing here
 * @throws Fault `invalid` for what plim does not know, or cannot do
 */
export function readSshOptions(given: readonly string[], note: (sentence: string) => void): HostConfig {
  const found = new Map<string, readonly string[]>();
  for (const text of given) {
    const match = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*\S)\s*$/s.exec(text);
    if (!match) throw new Fault('invalid', `-o takes OPTION=VALUE, and not '${printable(text)}'`);
    const [, written = '', value = ''] = match;
    const name = written.toLowerCase();
    if (Object.hasOwn(followed, name)) {
      const words = name === 'userknownhostsfile' ? value.split(/\s+/) : [value];
      if (!found.has(name)) found.set(name, words.map(unquoted));
      else if (name === 'identityfile') found.set(name, [...(found.get(name) ?? []), unquoted(value)]);
    } else if (withoutMeaning.has(name)) {
      note(`${written} means nothing to plim, and is passed over`);
    } else if (notOffered.has(name)) {
      throw new Fault('invalid', `${written} cannot be set for plim`);
    } else {
      const near = didYouMean(name, Object.keys(followed)).replace(
        /'(\w+)'/,
        (_, one: string) => `'${spelling(one)}'`,
      );
      throw new Fault('invalid', `there is no option ${written} for -o${near}`);
    }
  }
  return found;
}

function spelling(name: string): string {
  return Object.hasOwn(followed, name) ? followed[name as SshOption] : name;
}

function unquoted(value: string): string {
  return /^"(.*)"$/s.exec(value)?.[1] ?? value;
}

/** Options of several sources, the strongest first. */
export class LayeredOptions {
  readonly #layers: readonly HostConfig[];

  constructor(layers: readonly HostConfig[]) {
    this.#layers = layers;
  }

  value(name: SshOption): string | undefined {
    return this.all(name)?.[0];
  }

  /** Those of the strongest source that has any. */
  all(name: SshOption): readonly string[] | undefined {
    return this.#layers.find((layer) => layer.has(name))?.get(name);
  }

  /** @throws Fault `invalid` */
  whether(name: SshOption): boolean {
    const text = this.value(name)?.toLowerCase();
    if (text === undefined || text === 'no' || text === 'false') return false;
    if (text === 'yes' || text === 'true') return true;
    throw new Fault('invalid', `${followed[name]} is '${printable(text)}': allowed is yes or no`);
  }

  /** A whole number, 0 and more. @throws Fault `invalid` */
  number(name: SshOption): number | undefined {
    const text = this.value(name);
    if (text === undefined || text.toLowerCase() === 'none') return undefined;
    if (!/^\d{1,9}$/.test(text)) {
      throw new Fault('invalid', `${followed[name]} is '${printable(text)}': allowed is a whole number`);
    }
    return Number(text);
  }
}
