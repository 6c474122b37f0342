import { Fault, toFault } from '../fault.js';
import { toText } from '../names.js';
import type { FileHints } from './file-hints.js';
import type { Link } from './link.js';
import { LocalFile, type LocalStat } from './local-files.js';
import { localToText } from './local-path.js';
import type { TransferItem, TransferOptions, TransferResult, TransferSubject } from './transfer.js';
import { putSource, type PutParts } from './put-source.js';
import { SmallFiles, type SmallFile } from './small-files.js';
import { fileSource, memoryPieces, memorySource } from './upload-source.js';

/** Bytes that are read at once. */
const oneRead = 256 * 1024;

const smallFiles = new SmallFiles();

/**
 * Uploads one file. It is written as `REMOTE.filepart`, verified there, and then takes the name REMOTE; in place where
 * that is asked for or cannot be otherwise, which `watcher.note` tells. What is there already is for `decisions`; a part
 * is compared before it is extended. Mode and times go along with `preserve`; otherwise a new file has the server's own
 * mode, and a replaced one keeps its mode. `begin`, `moved`, `note` and `end` of the watcher are called here.
 *
 * An upload that is interrupted leaves the file it writes with no more than has arrived, so that any client can resume
 * it. In place, that is the target itself: of what it had before nothing is left then but what is equal.
 * @throws StoppedTransfer when bytes may have arrived already, otherwise Fault: `exists`, `verification-failed`,
 * `is-a-folder`, `denied`, ...
 */
export async function putFile(
  link: Link,
  item: TransferItem,
  options: TransferOptions,
  hints: FileHints = {},
): Promise<TransferResult> {
  const subject: TransferSubject = { direction: 'put', remote: item.remote, local: item.local };
  try {
    const small = smallFiles.read(item.local);
    const put = { subject, options, targetIsNew: hints.targetIsNew === true };
    const result = small ? await putSmall(link, put, small) : await putLarge(link, put);
    options.watcher.end?.(subject, result);
    return result;
  } catch (thrown) {
    const fault = toFault(thrown);
    options.watcher.end?.(subject, fault);
    throw fault;
  }
}

type Put = Pick<PutParts, 'subject' | 'options' | 'targetIsNew'>;

/** What was read at one moment cannot change while it is sent. */
function putSmall(link: Link, put: Put, { stat, bytes }: SmallFile): Promise<TransferResult> {
  return putSource(link, {
    ...put,
    source: memorySource(bytes),
    local: (start, end) => memoryPieces(bytes, start, end),
    size: bytes.length,
    stat,
  });
}

async function putLarge(link: Link, put: Put): Promise<TransferResult> {
  const { subject, options } = put;
  const file = await LocalFile.toRead(subject.local);
  try {
    const stat = await file.stat();
    checkSource(subject, stat);
    const result = await putSource(link, {
      ...put,
      source: fileSource(file, stat.size),
      local: (start, end) => file.pieces(start, end, oneRead),
      size: stat.size,
      stat,
    });
    // A single read saw the file at one moment.
    const now = result.moved > oneRead ? await file.stat() : stat;
    if (now.mtime !== stat.mtime || now.size !== stat.size) {
      const changed = `${localToText(subject.local)} was changed while it was sent`;
      options.watcher.note?.(subject, `${changed}: ${sentenceOf(now, result)}`);
    }
    return result;
  } finally {
    await file.close().catch(() => undefined);
  }
}

function checkSource({ local }: TransferItem, { kind }: LocalStat): void {
  if (kind === 'folder') throw new Fault('is-a-folder', `${localToText(local)} is a folder: use put -r`);
  if (kind === 'other') {
    throw new Fault(
      'not-a-file',
      `${localToText(local)} is a pipe or a device: use put - NAME < ${localToText(local)}`,
    );
  }
}

function sentenceOf(now: LocalStat, { size, remote }: TransferResult): string {
  return now.size > size
    ? `${toText(remote)} has what it held at first`
    : `${toText(remote)} may hold both old and new bytes`;
}
