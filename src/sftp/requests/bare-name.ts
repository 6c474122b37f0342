import type { ByteString } from '../../names.js';
import { encodeName } from '../../wire/codec.js';

/** One name without attributes, as REALPATH and READLINK answer [filexfer-02 6.10, 6.11]. */
export function bareName(id: number, name: ByteString): Buffer {
  return encodeName(id, [{ name, longname: name, attrs: {} }]);
}
