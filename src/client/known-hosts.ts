import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * OpenSSH's file of known host keys (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): a marker perhaps, names, key type, key in
 * base64, comment. Lines that are none are passed over, as OpenSSH does, however broken or long.
 */
export interface KnownKey {
  /** Counted from 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | null;
  readonly names: string;
  readonly type: string;
  /** As on the wire [RFC 4253 6.6]. */
  readonly blob: Buffer;
}

/** A key of 16384 bits and a hundred names fit into a tenth. */
const longestLine = 65_536;
const markers: Readonly<Record<string, KnownKey['marker']>> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
};

export function parseKnownHosts(text: string): readonly KnownKey[] {
  const keys: KnownKey[] = [];
  let number = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const stop = end === -1 ? text.length : end;
    number++;
    const key = stop - start > longestLine ? null : parseLine(text.slice(start, stop), number);
    if (key) keys.push(key);
    start = stop + 1;
  }
  return keys;
}

function parseLine(text: string, line: number): KnownKey | null {
  const fields = text.split(/[ \t\r]+/).filter((field) => field !== '');
  const [first = ''] = fields;
  if (first === '' || first.startsWith('#')) return null;
  const marked = first.startsWith('@');
  const marker = marked ? markers[first] : null;
  // A marker of the future: what it says of the key is not known, so the line says nothing.
  if (marker === undefined) return null;
  const [names, type, base64] = marked ? fields.slice(1) : fields;
  if (names === undefined || type === undefined || base64 === undefined) return null;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  const blob = Buffer.from(base64, 'base64');
  if (keyTypeOf(blob) !== type) return null;
  return { line, marker, names, type, blob };
}

/** The type that a blob names, or `null` where it is no key. */
export function keyTypeOf(blob: Buffer): string | null {
  if (blob.length < 4) return null;
  const length = blob.readUInt32BE(0);
  if (length === 0 || length > 64 || 4 + length > blob.length) return null;
  const type = blob.toString('latin1', 4, 4 + length);
  return /^[\x21-\x7e]+$/.test(type) ? type : null;
}

/** A host as the file names it: the name alone on port 22, else `[name]:port`. */
export function knownName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Whether the names of a line mean this host. @param name of `knownName` */
export function namesHost(names: string, name: string): boolean {
  if (names.startsWith('|')) return isHashOf(names, name);
  let found = false;
  for (const pattern of names.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** `|1|SALT|HMAC-SHA1 of the name` */
function isHashOf(field: string, name: string): boolean {
  const match = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(field);
  if (!match) return false;
  const [salt, hash] = match.slice(1).map((part) => Buffer.from(part, 'base64'));
  if (salt?.length !== 20 || hash?.length !== 20) return false;
  return timingSafeEqual(hash, createHmac('sha1', salt).update(name).digest());
}

/** A name as it can be written down whatever characters it has, and read by nobody who does not know it. */
export function hashedName(name: string): string {
  const salt = randomBytes(20);
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
}

/**
 * `*` is any characters, `?` is one; `[` and `]` are themselves. At a mismatch only the last `*` is tried further, which
 * is enough and keeps hostile patterns cheap.
 */
function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === '') return false;
  let at = 0;
  let star = -1;
  let resume = 0;
  let i = 0;
  while (i < name.length) {
    if (at < pattern.length && (pattern[at] === '?' || (pattern[at] === name[i] && pattern[at] !== '*'))) {
      at++;
      i++;
    } else if (pattern[at] === '*') {
      star = at++;
      resume = i;
    } else if (star !== -1) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
