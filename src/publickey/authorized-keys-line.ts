import { Fault } from '../fault.js';
import { base64 } from './base64.js';
import { decodePublicKey, isKeyType, publicKey, unsupportedType, type PublicKey } from './public-key.js';

/**
 * One key of an authorized_keys file: `[options] type base64 [comment]` [sshd(8) AUTHORIZED_KEYS FILE FORMAT].
 * Options are refused by name: to ignore `from=` or `expiry-time=` would let in whom the operator shut out.
 * @throws Fault `invalid`
 */
export function authorizedKeysLine(line: string): PublicKey {
  const [first, afterFirst] = splitWord(line);
  if (isKeyType(first)) return keyOf(first, afterFirst);
  if (looksLikeType(first)) throw unsupportedType(first);
  const [options, afterOptions] = splitOptions(line);
  if (looksLikeType(splitWord(afterOptions)[0])) {
    const option = /^[A-Za-z0-9@._-]{1,64}/.exec(options)?.[0] ?? '?';
    throw new Fault(
      'invalid',
      `the option '${option}' is not supported, and to ignore it could let in more than it says: remove the options`,
    );
  }
  throw new Fault('invalid', 'this is not a public key');
}

function keyOf(type: string, rest: string): PublicKey {
  const [encoded, comment] = splitWord(rest);
  const blob = base64(encoded);
  const inside = decodePublicKey(blob).type;
  if (inside !== type) throw new Fault('invalid', `the line says '${type}', the key is '${inside}'`);
  return publicKey(blob, comment);
}

function looksLikeType(word: string): boolean {
  return /^(ssh|sk-ssh|sk-ecdsa|ecdsa|rsa)-[a-z0-9]/.test(word);
}

function splitWord(text: string): readonly [word: string, rest: string] {
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(text.trimStart()) ?? [];
  return [word, rest];
}

/** Blanks inside double quotes belong to an option, and `\"` does not end the quotes. */
function splitOptions(line: string): readonly [options: string, rest: string] {
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at];
    if (char === '\\' && line[at + 1] === '"') at += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === ' ' || char === '\t')) return [line.slice(0, at), line.slice(at)];
  }
  return [line, ''];
}
