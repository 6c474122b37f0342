/**
 * A file's name or path as the bytes it is made of: a latin1 string, one char (0-255) a byte. SFTP version 3 and
 * Linux know no encoding of names, and a detour over UTF-8 would fold different names into one (J3).
 */
export type ByteString = string;

/** Linux' NAME_MAX: bytes of one name. */
export const nameMax = 255;

/** Bytes off the wire or from the kernel. */
export function fromBytes(bytes: Buffer): ByteString {
  return bytes.toString('latin1');
}

/** Bytes for the wire or the kernel. */
export function toBytes(name: ByteString): Buffer {
  return Buffer.from(name, 'latin1');
}

/** What a person typed or a setting holds, as the UTF-8 bytes it stands for. */
export function fromText(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * For people's eyes only (log, listing on a terminal): valid UTF-8 is decoded; otherwise each byte above 0x7e, and
 * in any case each control character, is written `\xNN`, so that a name can neither forge a line nor steer a terminal.
 */
export function toText(name: ByteString): string {
  let text: string;
  try {
    text = strictUtf8.decode(toBytes(name));
  } catch {
    text = name.replace(/[\x7f-\xff]/g, escaped);
  }
  // U+0080-U+009F are control characters too, and U+2028, U+2029 and the direction overrides reorder what is shown.
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped);
}

function escaped(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
