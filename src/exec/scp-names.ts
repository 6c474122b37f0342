import type { ByteString } from '../names.js';

/**
 * A name as a line of scp can hold it [PROTOCOL 7.5]. One that contains a newline is written as vis(3) does with
 * VIS_NL, as OpenSSH's source does it; every other name is left as it is, whatever bytes it is made of. Byte 0xaf
 * alone is written otherwise, in octal: `\M-/` has a slash, for which OpenSSH's sink refuses the name and ends.
 */
export function encodeName(name: ByteString): ByteString {
  return name.includes('\n') ? name.replace(/[^\t\x20-\x5b\x5d-\x7e]/g, encodeByte) : name;
}

/**
 * The name that a line means. Only what `encodeName` writes for a name with a newline is decoded, to the letter:
 * anything else, as a backslash that is simply there, stands for itself.
 */
export function decodeName(name: ByteString): ByteString {
  if (!name.includes('\\^J')) return name;
  const decoded = name.replace(/\\(?:\\|\^[@-_?]|M-[!-~]|M\^[@-_?]|240|257)/g, decodeByte);
  return decoded.includes('\n') && encodeName(decoded) === name ? decoded : name;
}

function encodeByte(char: string): string {
  const byte = char.charCodeAt(0);
  if (char === '\\') return '\\\\';
  if (byte === 0xa0 || byte === 0xaf) return `\\${byte.toString(8)}`;
  const low = byte & 0x7f;
  const meta = byte >= 0x80 ? 'M' : '';
  return low < 0x20 || low === 0x7f
    ? `\\${meta}^${String.fromCharCode(low ^ 0x40)}`
    : `\\${meta}-${String.fromCharCode(low)}`;
}

function decodeByte(escape: string): string {
  if (escape === '\\\\') return '\\';
  if (/\d{3}$/.test(escape)) return String.fromCharCode(parseInt(escape.slice(1), 8));
  const low = escape.charCodeAt(escape.length - 1);
  const plain = escape.includes('^') && !escape.endsWith('-^') ? low ^ 0x40 : low;
  return String.fromCharCode(escape[1] === 'M' ? plain | 0x80 : plain);
}
