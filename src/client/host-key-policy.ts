import { Fault } from '../fault.js';
import { fingerprint } from '../publickey/public-key.js';
import { shownAddress } from './address.js';
import { canProve } from './algorithms.js';
import type { SeenHostKey } from './connection.js';
import { addKnownKey, findKnownKeys, type FoundKey } from './known-hosts-files.js';
import { knownName } from './known-hosts.js';

/** Asked where a host is not known yet. */
export interface HostKeyQuestion {
  readonly key: SeenHostKey;
  /** What is to be decided, with type and fingerprint; without a question mark at its end. */
  readonly sentence: string;
}

export interface HostKeyPolicyOptions {
  /** Files of known hosts, in the order they are looked at. The last one is ours, and the only one ever written. */
  readonly files: readonly string[];
  /** Takes the key of a host that is not known, and remembers it. A changed key is refused all the same. */
  readonly acceptNew: boolean;
  /** Fingerprints, `SHA256:...`; where there are any, they alone decide. */
  readonly pinned: readonly string[];
  /** Whether to trust an unknown host's key from now on; `null` where nobody can be asked. */
  readonly ask: ((question: HostKeyQuestion) => Promise<boolean>) | null;
  /** Told when an accepted key could not be written down. */
  readonly notice?: (sentence: string) => void;
}

/** Whether the key that a server shows is the one it should have. */
export interface HostKeyPolicy {
  /** @throws Fault `wrong-host-key` with the sentence to show, `invalid` where a file cannot be read */
  readonly check: (key: SeenHostKey) => Promise<void>;
  /** The types of a host's known keys, for `ConnectOptions.hostKeyTypes`. @throws Fault `invalid` */
  readonly knownTypes: (host: string, port: number) => readonly string[];
}

/** @throws Fault `invalid` for a pinned fingerprint that is none */
export function createHostKeyPolicy(options: HostKeyPolicyOptions): HostKeyPolicy {
  const pinned = options.pinned.map(pinnedFingerprint);
  let last: Promise<unknown> = Promise.resolve();
  return {
    // One after another: two connections to a new host ask once.
    check: (key) => {
      const checked = last.then(() => checkKey(options, pinned, key));
      last = checked.catch(() => undefined);
      return checked;
    },
    knownTypes: (host, port) => {
      const known = findKnownKeys(options.files, knownName(host, port));
      return [...new Set(known.filter(({ marker }) => marker === null).map(({ type }) => type))];
    },
  };
}

function pinnedFingerprint(text: string): string {
  const match = /^(?:SHA256:)?([A-Za-z0-9+/]{43})=?$/.exec(text);
  if (match) return `SHA256:${match[1]}`;
  throw new Fault(
    'invalid',
    `'${text}' is no fingerprint of a host key: it looks like SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8`,
  );
}

async function checkKey(
  options: HostKeyPolicyOptions,
  pinned: readonly string[],
  key: SeenHostKey,
): Promise<void> {
  const name = knownName(key.host, key.port);
  const found = findKnownKeys(options.files, name);
  const same = found.filter(({ blob }) => blob.equals(key.blob));
  const revoked = same.find(({ marker }) => marker === 'revoked');
  if (revoked)
    throw refused(`${shows(key)}, which is marked as revoked in ${place(revoked)}: do not connect`);
  if (pinned.length > 0) {
    if (pinned.includes(key.fingerprint)) return;
    throw refused(`${shows(key)}, and only ${pinned.join(' or ')} is accepted`);
  }
  if (same.some(({ marker }) => marker === null)) return;
  // With known types asked for first, a server that shows another type no longer has the key that is known.
  const other = found.filter(({ marker, type }) => marker === null && (type === key.type || canProve(type)));
  const changed = other.find(({ type }) => type === key.type) ?? other[0];
  if (changed) throw refused(changedSentence(key, changed));
  await acceptUnknown(options, name, key, found);
}

async function acceptUnknown(
  { acceptNew, ask, files, notice }: HostKeyPolicyOptions,
  name: string,
  key: SeenHostKey,
  found: readonly FoundKey[],
): Promise<void> {
  const authority = found.find(({ marker }) => marker === 'cert-authority');
  const why = authority
    ? `; ${place(authority)} names an authority for it, and certificates are not supported`
    : '';
  const sentence = `the host key of ${shownAddress(key)} is not known: ${described(key)}${why}`;
  if (!acceptNew) {
    if (ask === null) {
      throw refused(
        `${sentence}. Nobody can be asked here: compare the fingerprint, then use --host-key ${key.fingerprint}, ` +
          'or take whatever key it shows the first time with --accept-new',
      );
    }
    if (!(await ask({ key, sentence }))) {
      throw refused(`the host key of ${shownAddress(key)} was not accepted`);
    }
  }
  const own = files.at(-1);
  if (own === undefined) return;
  try {
    addKnownKey(own, name, key);
  } catch (error) {
    notice?.(`the key of ${shownAddress(key)} could not be written to ${own}: ${(error as Error).message}`);
  }
}

function changedSentence(key: SeenHostKey, known: FoundKey): string {
  return (
    `the host key of ${shownAddress(key)} has changed: it shows ${described(key)}, and ${place(known)} has ` +
    `${described({ type: known.type, fingerprint: fingerprint(known.blob) })}. Somebody may be reading along, or the ` +
    `server got a new key: ask its operator for the fingerprint, and if it is this one, delete that line`
  );
}

/** The names that ssh-keygen prints; `ssh-rsa` names the key, not its signatures. */
const shownTypes: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ED25519',
  'ssh-rsa': 'RSA',
  'ecdsa-sha2-nistp256': 'ECDSA',
  'ecdsa-sha2-nistp384': 'ECDSA',
  'ecdsa-sha2-nistp521': 'ECDSA',
};

function described({ type, fingerprint }: Pick<SeenHostKey, 'type' | 'fingerprint'>): string {
  return `${shownTypes[type] ?? type} ${fingerprint}`;
}

function shows(key: SeenHostKey): string {
  return `${shownAddress(key)} shows the host key ${described(key)}`;
}

function place({ file, line }: FoundKey): string {
  return `${file} line ${line}`;
}

function refused(sentence: string): Fault {
  return new Fault('wrong-host-key', sentence);
}
