import ssh2, { type ParsedKey } from 'ssh2';
import { SshReader } from '../publickey/ssh-strings.js';
import type { KeySource } from './connection.js';

/**
 * A private key file. `locked` ones are encrypted and say which public key they belong to, so that a server can be asked
 * first; `sealed` ones say nothing until they are opened.
 */
export type PrivateKey =
  | { readonly state: 'open'; readonly source: KeySource; readonly key: ParsedKey }
  | { readonly state: 'locked'; readonly source: KeySource; readonly publicKey: ParsedKey }
  | { readonly state: 'sealed'; readonly source: KeySource }
  | { readonly state: 'unusable'; readonly source: KeySource; readonly reason: string };

export function readPrivateKey(source: KeySource): PrivateKey {
  const unusable = (reason: string): PrivateKey => ({ state: 'unusable', source, reason });
  const kind = refusal(source.key);
  if (kind !== null) return unusable(kind);
  const parsed = parse(source.key);
  if (!(parsed instanceof Error)) {
    return parsed.isPrivateKey()
      ? { state: 'open', source, key: parsed }
      : unusable('this is a public key, and the private one is needed');
  }
  if (!/no passphrase given/.test(parsed.message)) return unusable(sentence(parsed));
  const publicKey = publicHalf(source.key);
  return publicKey ? { state: 'locked', source, publicKey } : { state: 'sealed', source };
}

/** The key, or `null` where the passphrase is not the right one. */
export function openPrivateKey(source: KeySource, passphrase: string): ParsedKey | null {
  const parsed = parse(source.key, passphrase);
  return parsed instanceof Error || !parsed.isPrivateKey() ? null : parsed;
}

function parse(bytes: Buffer, passphrase?: string): ParsedKey | Error {
  try {
    // Several keys come as an array, whatever the types say; ssh-keygen writes one.
    const parsed = ssh2.utils.parseKey(bytes, passphrase) as ParsedKey | readonly ParsedKey[] | Error;
    if (parsed instanceof Error || !Array.isArray(parsed)) return parsed as ParsedKey | Error;
    return (parsed[0] as ParsedKey | undefined) ?? new Error('there is no key in it');
  } catch (error) {
    return error as Error;
  }
}

/** What can be told of a key that is of no use here. */
const refusals: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^\s*$/, 'the file is empty'],
  [
    /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/,
    'keys in PKCS#8 are not supported: convert it with ssh-keygen -p -f FILE',
  ],
  [/^PuTTY-User-Key-File-3/, "PuTTY's version 3 is not supported: export it with PuTTYgen as an OpenSSH key"],
  [/^---- BEGIN SSH2 ENCRYPTED/, 'keys of ssh.com are not supported'],
];

function refusal(bytes: Buffer): string | null {
  const begin = bytes.toString('latin1', 0, 256).trimStart();
  return refusals.find(([pattern]) => pattern.test(begin))?.[1] ?? null;
}

function sentence(error: Error): string {
  return /Unsupported key (format|type)/.test(error.message)
    ? 'it is of a kind that is not supported: use Ed25519, ECDSA or RSA keys'
    : `it cannot be read: ${error.message}`;
}

/** The public key stands in clear before the encrypted part. [openssh-portable PROTOCOL.key] */
function publicHalf(bytes: Buffer): ParsedKey | null {
  const text = bytes.toString('latin1');
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text);
  if (!match) return null;
  const blob = Buffer.from(match[1] ?? '', 'base64');
  const magic = 'openssh-key-v1\0';
  if (blob.toString('latin1', 0, magic.length) !== magic) return null;
  try {
    // Behind the three strings stands the number of keys.
    const publicKey = new SshReader(
      blob.subarray(magic.length + clearLength(blob, magic.length) + 4),
    ).string();
    const parsed = parse(Buffer.from(publicKey));
    return parsed instanceof Error ? null : parsed;
  } catch {
    return null;
  }
}

/** Bytes of the three strings in front: cipher, key derivation, its options. */
function clearLength(blob: Buffer, from: number): number {
  let at = from;
  for (let field = 0; field < 3; field++) at += 4 + blob.readUInt32BE(at);
  return at - from;
}
