import { Fault } from '../fault.js';
import { base64 } from './base64.js';
import { publicKey, type PublicKey } from './public-key.js';

export const beginMarker = '---- BEGIN SSH2 PUBLIC KEY ----';
export const endMarker = '---- END SSH2 PUBLIC KEY ----';

const longestTag = 64;
const longestValue = 1024;

/**
 * The key between the markers [RFC 4716 3]: headers `Tag: value`, continued where a line ends in a backslash, then
 * base64. Of the headers only `Comment` means something here; unknown ones are passed over, as 3.3 asks.
 * @throws Fault `invalid`
 */
export function rfc4716Key(lines: readonly string[]): PublicKey {
  let comment = '';
  let body = '';
  for (let at = 0; at < lines.length; at += 1) {
    let line = (lines[at] ?? '').trimEnd();
    const colon = line.indexOf(':');
    if (colon < 0) {
      body += line.trim();
      continue;
    }
    if (body !== '') throw new Fault('invalid', 'a header stands behind the key');
    while (line.endsWith('\\') && at + 1 < lines.length) {
      at += 1;
      line = line.slice(0, -1) + (lines[at] ?? '').trimEnd();
      if (line.length > longestTag + longestValue + 2) break;
    }
    const value = line.slice(colon + 1).trim();
    if (colon > longestTag || Buffer.byteLength(value) > longestValue) {
      throw new Fault('invalid', 'a header of the key is too long');
    }
    if (line.slice(0, colon).toLowerCase() === 'comment') comment = value.replace(/^"(.*)"$/, '$1');
  }
  return publicKey(base64(body), comment);
}
