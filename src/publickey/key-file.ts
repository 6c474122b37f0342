import { Fault, toFault } from '../fault.js';
import { authorizedKeysLine } from './authorized-keys-line.js';
import type { PublicKey } from './public-key.js';
import { privateKeyRefusal } from './private-key.js';
import { beginMarker, endMarker, rfc4716Key } from './rfc4716.js';

const longestFile = 2 ** 20;

/**
 * Every key of a text: lines of an authorized_keys file [sshd(8)], RFC 4716 blocks, or both, any number of them; a key
 * that stands there twice comes once. One bad line refuses the whole: half of a list would be worse than none.
 * @throws Fault `invalid`, naming the line and what is wrong with it
 */
export function parseKeyFile(text: string): readonly [PublicKey, ...PublicKey[]] {
  if (text.length > longestFile) throw new Fault('invalid', 'that is too large to be a file of public keys');
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const keys = new Map<string, PublicKey>();
  for (let at = 0; at < lines.length; at += 1) {
    const first = at;
    try {
      const line = (lines[at] ?? '').trim();
      if (line === '' || line.startsWith('#')) continue;
      const refusal = privateKeyRefusal(line);
      if (refusal !== null) throw new Fault('invalid', refusal);
      let key: PublicKey;
      if (line === beginMarker) {
        const end = lines.findIndex((one, index) => index > first && one.trim() === endMarker);
        if (end < 0) throw new Fault('invalid', `'${endMarker}' is missing`);
        key = rfc4716Key(lines.slice(first + 1, end));
        at = end;
      } else {
        key = authorizedKeysLine(line);
      }
      if (!keys.has(key.fingerprint)) keys.set(key.fingerprint, key);
    } catch (thrown) {
      const fault = toFault(thrown);
      throw new Fault(fault.code, `line ${first + 1}: ${fault.message}`, { cause: fault.cause });
    }
  }
  const [one, ...more] = keys.values();
  if (!one) throw new Fault('invalid', 'there is no public key in it');
  return [one, ...more];
}
