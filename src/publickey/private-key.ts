/** First lines of what a person should have kept secret, or of a public key in a format that SSH does not use. */
const telltales: readonly (readonly [pattern: RegExp, refusal: string])[] = [
  [
    /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|^---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----|^SSH PRIVATE KEY FILE FORMAT/,
    'this is a private key, which nobody else should have: give the public one, usually the file that ends in .pub',
  ],
  [
    /^PuTTY-User-Key-File-\d/,
    "this is PuTTY's private key file, which nobody else should have: give what PuTTYgen saves as the public key",
  ],
  [
    /^-----BEGIN (RSA )?PUBLIC KEY-----/,
    'this is a PEM public key: convert it with ssh-keygen -i -m PKCS8 -f FILE (or -m PEM)',
  ],
  [/^-----BEGIN /, 'this is not an SSH public key'],
];

/** Why a text that begins with this line is no public key, or `null`. */
export function privateKeyRefusal(line: string): string | null {
  return telltales.find(([pattern]) => pattern.test(line))?.[1] ?? null;
}
