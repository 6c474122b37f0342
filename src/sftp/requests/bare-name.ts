import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import { encodeName } from '../../wire/codec.js';
import { longestPath } from '../reply-sizes.js';

/** One name without attributes, as REALPATH and READLINK answer [filexfer-02 6.10, 6.11]. */
export function bareName(id: number, name: ByteString): Buffer {
  if (name.length > longestPath) throw new Fault('name-too-long', 'the path is too long');
  return encodeName(id, [{ name, longname: name, attrs: {} }]);
}
