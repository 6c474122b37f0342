import { getMany, putMany } from '../../../client/many.js';
import { formatPart, StoppedTransfer } from '../../../client/stopped-transfer.js';
import type { ManyResult } from '../../../client/transfer.js';
import { Fault, type FaultCode } from '../../../fault.js';
import { exitOf, exits, type Exit } from '../../exit.js';
import type { ClientContext } from '../command.js';
import { createDecisions } from '../decisions.js';
import { againLine } from './again.js';
import { readFlags, typedAgain, type transferOptions } from './flags.js';
import type { Plan } from './plan.js';
import { failure, shownTarget, totalsDocument, totalsLine } from './report.js';
import { endsAll, TransferLog } from './transfer-log.js';

export type TransferContext = ClientContext<typeof transferOptions>;

/**
 * Moves what a line asked for, and says how each file went; of several, the last line counts. What stopped says how much
 * arrived, and the line that goes on from there.
 * @param name the command as it would be typed again
 * @throws Fault that of one file alone, and what ended a run of several before its end
 */
export async function runTransfers(
  context: TransferContext,
  plan: Plan,
  name: string,
): Promise<Exit | undefined> {
  const { printer, place, signal, terminal, globals, bars, link, options } = context;
  const flags = readFlags(options, globals);
  const alone = plan.items.length + plan.refused.length === 1 && !flags.recursive;
  const progress = bars.start((sentence) => printer.note(sentence), !alone);
  const log = new TransferLog({ printer, place, progress, alone });
  const again = async (): Promise<string> =>
    `continue with: ${await againLine(context, { name, options: typedAgain(options) }, plan)}`;
  try {
    for (const { fault, ...subject } of plan.refused) log.end(subject, fault);
    const decisions = createDecisions({
      flags: flags.decisions,
      terminal,
      shown: (subject) => shownTarget(subject, place),
      signal,
    });
    const move = plan.direction === 'get' ? getMany : putMany;
    const moved = await move(link, plan.items, { ...flags, decisions, watcher: log, signal });
    progress.finish();
    const all = { results: moved.results, failed: [...plan.refused, ...moved.failed] };
    return await (alone ? endAlone(all, context, again) : endMany(all, context, log, again));
  } finally {
    progress.finish();
  }
}

async function endAlone(
  { failed: [failed] }: ManyResult,
  { place }: TransferContext,
  again: () => Promise<string>,
): Promise<undefined> {
  if (!failed) return;
  const told = failure(failed, failed.fault, place);
  if (!isStopped(failed.fault)) throw told;
  throw new Fault(told.code, `${told.message}; ${await again()}`, { cause: failed.fault });
}

async function endMany(
  all: ManyResult,
  { printer }: TransferContext,
  log: TransferLog,
  again: () => Promise<string>,
): Promise<Exit | undefined> {
  printer.result(totalsDocument(all), [totalsLine(all)]);
  const { failed, results } = all;
  const [first] = failed;
  if (!first) return undefined;
  const { there, total } = log.received;
  const goOn = async (): Promise<string> => `received ${formatPart(there, total)}; ${await again()}`;
  const ended = failed.find(({ fault }) => endsAll.has(fault.code))?.fault;
  if (ended) {
    const why = ended instanceof StoppedTransfer && ended.cause instanceof Fault ? ended.cause : ended;
    throw new Fault(ended.code, `${why.message}; ${await goOn()}`, { cause: ended });
  }
  if (failed.some(({ fault }) => isStopped(fault))) printer.warn(await goOn());
  const codes = new Set<FaultCode>(failed.map(({ fault }) => fault.code));
  return results.length === 0 && codes.size === 1 ? exitOf(first.fault.code) : exits['some failed'];
}

/** Whether the same line with `--resume` could get further; what arrived and is wrong stays wrong. */
function isStopped(fault: Fault): boolean {
  return fault instanceof StoppedTransfer && fault.code !== 'verification-failed';
}
