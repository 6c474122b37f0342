import type { ByteString } from '../names.js';
import { toBytes } from '../names.js';
import { windows } from './local-path.js';

/** Devices that Windows finds in every folder, whatever extension the name has. */
const devices = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)([0-9]|\u00b9|\u00b2|\u00b3)) *(\.|:|$)/i;

/**
 * Why a name that a server sent is not used as the name of a file here; `null` where it may be. What it refuses would
 * lead out of the folder, or write elsewhere than its name says.
 */
export function unsafeName(name: ByteString, onWindows: boolean = windows): string | null {
  if (name === '') return 'an empty name';
  if (name === '.' || name === '..') return 'a name that stands for another folder';
  if (name.includes('/')) return "a name with '/' in it";
  if (/[\x00-\x1f\x7f]/.test(name)) return 'a name with control characters in it';
  return onWindows ? unsafeOnWindows(name) : null;
}

/** `a:b` would be a stream of `a`, and dots and spaces at the end are dropped. */
function unsafeOnWindows(name: ByteString): string | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(toBytes(name));
  } catch {
    return 'a name that is not UTF-8, and cannot be written on Windows';
  }
  const wrong = /[<>:"|?*\\]/.exec(text)?.[0];
  if (wrong !== undefined) return `a name with '${wrong}' in it, which Windows forbids`;
  if (/[. ]$/.test(text)) return 'a name with a dot or a space at its end, which Windows drops';
  if (devices.test(text)) return 'the name of a device on Windows';
  return null;
}
