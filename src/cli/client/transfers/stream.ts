import { getStream } from '../../../client/get-stream.js';
import { putStream } from '../../../client/put-stream.js';
import type { TransferOptions, TransferResult, TransferSubject } from '../../../client/transfer.js';
import { toFault } from '../../../fault.js';
import type { ByteString } from '../../../names.js';
import { exitOf, type Exit } from '../../exit.js';
import { createClientPrinter, type ClientPrinter } from '../client-printer.js';
import { createDecisions } from '../decisions.js';
import { readFlags } from './flags.js';
import { failure, shownTarget } from './report.js';
import type { TransferContext } from './run.js';
import { TransferLog } from './transfer-log.js';

/**
 * `get NAME -`. Standard output carries the file's bytes and nothing else: all that is said goes to standard error, how
 * it failed and JSON too.
 */
export async function runGetStream(context: TransferContext, remote: ByteString): Promise<Exit | undefined> {
  const { streams = process, globals, place, link, bars } = context;
  const errors = bars.beside(streams.stderr);
  const printer = createClientPrinter({ stdout: errors, stderr: errors }, globals);
  try {
    await streaming(context, printer, (options) => getStream(link, remote, streams.stdout, options));
    return undefined;
  } catch (thrown) {
    const fault = failure({ direction: 'get', remote, local: '-' }, toFault(thrown), place);
    printer.fault(fault);
    return exitOf(fault.code);
  }
}

/** `put - NAME` */
export async function runPutStream(context: TransferContext, remote: ByteString): Promise<undefined> {
  const { streams = process, place, printer, link } = context;
  try {
    await streaming(context, printer, (options) => putStream(link, streams.stdin, remote, options));
  } catch (thrown) {
    throw failure({ direction: 'put', remote, local: '-' }, toFault(thrown), place);
  }
}

async function streaming(
  { options: values, globals, bars, place, signal, terminal }: TransferContext,
  printer: ClientPrinter,
  transfer: (options: TransferOptions) => Promise<TransferResult>,
): Promise<void> {
  const flags = readFlags(values, globals);
  const progress = bars.start((sentence) => printer.note(sentence));
  const decisions = createDecisions({
    flags: flags.decisions,
    terminal,
    shown: (subject: TransferSubject) => shownTarget(subject, place),
    signal,
  });
  try {
    const watcher = new TransferLog({ printer, place, progress, alone: true });
    await transfer({ ...flags, decisions, watcher, signal });
  } finally {
    progress.finish();
  }
}
