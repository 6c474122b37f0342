import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { Fault } from '../fault.js';
import { formatPublicKey, publicKey, type KeyType, type PublicKey } from '../publickey/public-key.js';
import { parseKey, type ParsedKey } from './internals.js';
import { privateKeyFile } from './private-key-file.js';

/** The keys by which clients know this server. */
export interface HostKeys {
  readonly keys: readonly PublicKey[];
  /** Host key algorithms, best first. */
  readonly algorithms: readonly string[];
  readonly byAlgorithm: Readonly<Record<string, ParsedKey>>;
  /** Lines for a client's known_hosts file. */
  knownHosts(host: string, port: number): readonly string[];
}

/** What a host key of each type signs key exchanges with; SHA-1 is missing on purpose. [RFC 8332 3] */
const algorithmsOf: Readonly<Record<KeyType, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/**
 * @param privateKeys best first
 * @throws Fault `invalid` where two are of one type: a client gets one of each
 */
export function hostKeysOf(privateKeys: readonly ParsedKey[]): HostKeys {
  const keys = privateKeys.map((parsed) => publicKey(Buffer.from(parsed.getPublicSSH()), ''));
  const byAlgorithm = new Map<string, ParsedKey>();
  for (const [index, { type }] of keys.entries()) {
    for (const name of algorithmsOf[type]) {
      const parsed = privateKeys[index];
      if (byAlgorithm.has(name))
        throw new Fault('invalid', `two host keys are of type ${type}: give one of each`);
      if (parsed) byAlgorithm.set(name, parsed);
    }
  }
  return {
    keys,
    algorithms: [...byAlgorithm.keys()],
    byAlgorithm: Object.fromEntries(byAlgorithm),
    knownHosts: (host, port) =>
      keys.map((key) => `${port === 22 ? host : `[${host}]:${port}`} ${formatPublicKey(key)}`),
  };
}

/**
 * A private key as OpenSSH, PEM or PKCS #8 text, without a passphrase.
 * @param shown what it is called in a fault: `host key FILE`
 * @throws Fault `invalid`, saying what is wrong with it
 */
export function readPrivateKey(text: Buffer, shown: string): ParsedKey {
  const parsed = parseKey(text);
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!(key instanceof Error)) {
    const found = key as ParsedKey;
    if (found.isPrivateKey() && Object.hasOwn(algorithmsOf, found.type)) return found;
    throw new Fault('invalid', `${shown} is not a private key of a type that is served`);
  }
  const locked = /encrypted/i.test(key.message) || text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');
  const why = locked ? 'has a passphrase' : 'is not a private key that can be read';
  return fromPkcs8(text) ?? refuse(shown, why, key);
}

function refuse(shown: string, why: string, cause: Error): never {
  throw new Fault('invalid', `${shown} ${why}`, { cause });
}

/** Node's own format for all keys, which ssh2 does not read. */
function fromPkcs8(text: Buffer): ParsedKey | null {
  if (!text.includes('-----BEGIN PRIVATE KEY-----')) return null;
  try {
    const key = createPrivateKey(text);
    const read =
      key.asymmetricKeyType === 'ec'
        ? key.export({ type: 'sec1', format: 'pem' })
        : privateKeyFile(key, '').text;
    const parsed = parseKey(Buffer.from(read));
    return parsed instanceof Error || Array.isArray(parsed) ? null : (parsed as ParsedKey);
  } catch {
    return null;
  }
}

/** A new ed25519 key that nothing keeps. */
export function newHostKey(): ParsedKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return readPrivateKey(Buffer.from(privateKeyFile(privateKey, 'plimsoll').text), 'the new host key');
}
