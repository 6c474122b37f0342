import type { Readable } from 'node:stream';
import { toFault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Link } from './link.js';
import { putSource } from './put-source.js';
import type { TransferOptions, TransferResult, TransferSubject } from './transfer.js';
import { StreamSource } from './upload-source.js';
import { alone } from './verification.js';

/**
 * Uploads what a stream gives, up to its end, as `putFile` does it: to `REMOTE.filepart`, verified, then renamed. What
 * has not arrived is kept in memory, so that a broken connection loses nothing; that is no more than the window. A stream
 * that breaks, or a transfer that is cancelled, leaves no REMOTE and no partial file.
 * @throws StoppedTransfer (not resumable) when bytes may have arrived already, otherwise Fault as `putFile` does
 */
export async function putStream(
  link: Link,
  readable: Readable,
  remote: ByteString,
  given: TransferOptions,
): Promise<TransferResult> {
  const options = alone(given);
  const subject: TransferSubject = { direction: 'put', remote, local: '-' };
  try {
    const result = await putSource(link, {
      subject,
      options,
      source: new StreamSource(readable, options.signal),
      local: null,
      size: null,
      stat: null,
      targetIsNew: false,
    });
    options.watcher.end?.(subject, result);
    return result;
  } catch (thrown) {
    const fault = toFault(thrown);
    options.watcher.end?.(subject, fault);
    throw fault;
  }
}
