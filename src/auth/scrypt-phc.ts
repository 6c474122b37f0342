/** A password hash taken apart. */
export interface ScryptHash extends ScryptParameters {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** [RFC 7914 2] */
export interface ScryptParameters {
  /** log2 of N: memory is 128 * r * 2^ln bytes. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** N * r * p of one hash: 2^23 is 1 GiB and some four seconds, what `password.cost` 20 asks for. */
const mostWork = 2 ** 23;
const saltBytes = { min: 8, max: 64 };
const hashBytes = { min: 16, max: 64 };

const layout =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,2}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{1,88})\$([A-Za-z0-9+/]{1,88})$/;

/** `$scrypt$ln=16,r=8,p=1$salt$hash`, base64 without padding (A4). */
export function formatScrypt({ ln, r, p, salt, hash }: ScryptHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** `null` for anything else than what `formatScrypt` writes, and for parameters that would eat memory or time. */
export function parseScrypt(text: string): ScryptHash | null {
  const match = layout.exec(text);
  if (!match) return null;
  const [ln, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const salt = bytesOf(match[4] ?? '', saltBytes);
  const hash = bytesOf(match[5] ?? '', hashBytes);
  return salt && hash && 2 ** ln * r * p <= mostWork ? { ln, r, p, salt, hash } : null;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function bytesOf(text: string, allowed: { readonly min: number; readonly max: number }): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  const whole = unpadded(bytes) === text && bytes.length >= allowed.min && bytes.length <= allowed.max;
  return whole ? bytes : null;
}
