import type { Algorithms } from 'ssh2';

/**
 * What the client offers, best first: the client's order decides [RFC 4253 7.1]. Left out are all that rest on SHA-1,
 * CBC and RC4 (broken, or near it); group exchange, where the server picks a prime of any size and quality and nothing
 * below checks it; DH groups 15, 17 and 18, which nobody has alone; and compression, before login a bomb, after it a leak.
 */
const kex = [
  // Fast, and every server of the last ten years has it; the second is its name from before RFC 8731.
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  // Where only the curves of NIST are allowed.
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  // Old devices.
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group14-sha256',
] as const;

const hostKeys = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  // RSA keys with signatures over SHA-2 [RFC 8332]; `ssh-rsa` itself would sign over SHA-1.
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

const ciphers = [
  // Authenticated and fastest: processors help, and Node does it without ssh2's native part.
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  // Slow without that native part, and first choice of nobody who has AES instructions.
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
] as const;

/** Only used with the CTR ciphers. Encrypt-then-MAC first. */
const macs = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
] as const;

type HostKeyAlgorithm = (typeof hostKeys)[number];

/** Algorithms by which a key of this type is proven; the other names are the same for both. */
const algorithmsOfType: Readonly<Record<string, readonly HostKeyAlgorithm[]>> = {
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

function provenBy(keyType: string): readonly HostKeyAlgorithm[] {
  return algorithmsOfType[keyType] ?? hostKeys.filter((name) => name === keyType);
}

/** Whether a host key of this type can be asked for. */
export function canProve(keyType: string): boolean {
  return provenBy(keyType).length > 0;
}

/**
 * The offer. @param knownTypes types of the host's keys that are known: asked for first, so that a server with several
 * keys shows one that can be compared, as OpenSSH does
 */
export function clientAlgorithms(knownTypes: readonly string[]): Algorithms {
  return {
    kex: [...kex],
    serverHostKey: [...new Set([...knownTypes.flatMap(provenBy), ...hostKeys])],
    cipher: [...ciphers],
    hmac: [...macs],
    compress: ['none'],
  };
}
