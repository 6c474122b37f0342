import { Fault } from '../fault.js';

/**
 * Bytes of padded base64 [RFC 4648 4]; `Buffer` alone skips what it does not know, and two texts would be one key.
 * @throws Fault `invalid`
 */
export function base64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text) {
    throw new Fault('invalid', 'the key is cut short or damaged: its base64 text is not whole');
  }
  return bytes;
}
