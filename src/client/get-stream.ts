import type { Writable } from 'node:stream';
import { Fault, toFault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import { StreamSink } from './download-sink.js';
import { Download } from './download.js';
import type { Link } from './link.js';
import { rateLimitOf } from './rate-limit.js';
import { StoppedTransfer } from './stopped-transfer.js';
import type { TransferOptions, TransferResult, TransferSubject } from './transfer.js';
import { alone } from './verification.js';

/**
 * Downloads a file into a stream, as fast as the stream takes it, and verifies at the end what flowed. The stream is not
 * ended. After a broken connection it goes on where it was, if the file is still the same.
 * @throws StoppedTransfer (not resumable) once bytes have flowed, otherwise Fault: `cancelled` when the reader of the
 * stream went away, `verification-failed` when what was written already is not what the server has, ...
 */
export async function getStream(
  link: Link,
  remotePath: ByteString,
  writable: Writable,
  given: TransferOptions,
): Promise<TransferResult> {
  const options = alone(given);
  const subject: TransferSubject = { direction: 'get', remote: remotePath, local: '-' };
  const sink = new StreamSink(writable, options.signal);
  const began = performance.now();
  let download: Download | null = null;
  try {
    await link.use(async (remote, attempt) => {
      if (options.signal.aborted) throw new Fault('cancelled');
      if (!download) {
        const stat = await remote.stat(remotePath);
        if (stat.kind === 'folder') throw new Fault('is-a-folder', `${toText(remotePath)} is a folder`);
        download = new Download({
          path: remotePath,
          sink,
          subject,
          options,
          limit: rateLimitOf(link, options.limit),
          stat,
          from: 0,
          hash: null,
          kept: 'what was written is not to be trusted',
        });
      }
      await download.run(remote, attempt);
    }, options.signal);
    const result = resultOf(subject, download, began);
    options.watcher.end?.(subject, result);
    return result;
  } catch (thrown) {
    const fault = stopped(toFault(thrown), subject, download);
    options.watcher.end?.(subject, fault);
    throw fault;
  }
}

function resultOf(subject: TransferSubject, download: Download | null, began: number): TransferResult {
  return {
    ...subject,
    outcome: 'transferred',
    size: download?.at ?? 0,
    moved: download?.moved ?? 0,
    resumedAt: 0,
    verified: download?.verified ?? null,
    took: (performance.now() - began) / 1000,
  };
}

function stopped(fault: Fault, subject: TransferSubject, download: Download | null): Fault {
  if (!download?.begun || fault.code === 'verification-failed') return fault;
  return new StoppedTransfer(fault, subject, { there: download.at, total: download.total, resumable: false });
}
