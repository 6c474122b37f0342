import { parseBytesLimit, parseFilesLimit } from '../../admin/lines.js';
import {
  hasDrift,
  aboveLine,
  showFiles,
  type QuotaView,
  type ScanView,
  type UseOfLimit,
} from '../../admin/quota-view.js';
import type { PerHome } from '../../admin/quotas.js';
import type { Count } from '../../quota/home-usage.js';
import { formatSize } from '../../size.js';
import { argument, command, flag, text, type Surroundings } from '../command.js';
import { exits, type Exit } from '../exit.js';
import { withRoot } from '../open-root.js';
import { table } from '../printer.js';
import { withOnlooker } from './onlooker.js';

const noAccounts = "no accounts: make one with 'plimsoll user add NAME'";

export const quotaShow = command({
  name: 'quota show',
  args: ['[NAME]'],
  summary: 'show what each home uses of its line, exact at this moment',
  options: {},
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const [name = null] = context.args;
      const found = await withOnlooker(context, (onlooker) => service.lines.show(name, onlooker));
      const failed = tellFailed(context, name, found);
      context.printer.result(found.views, lineTable(found.views));
      for (const { name: of } of found.views.filter(({ counting }) => counting)) {
        context.printer.note(`${of} is still being counted: what is shown is the most that it can use.`);
      }
      for (const { name: of } of found.views.filter(({ drift }) => drift)) {
        context.printer.note(
          `${of} was changed behind the server's back: 'plimsoll quota scan ${of}' finds out what it holds.`,
        );
      }
      return failed;
    }),
});

export const quotaSet = command({
  name: 'quota set',
  args: ['<NAME>', '<SIZE>'],
  summary: "set the line of an account's home: 100MB, 64MiB, bytes, none, or default; in force at once",
  options: { files: text('--files <N>', 'files the home may hold: a number, none, or default') },
  run: async (context) => {
    const name = argument(context, 0);
    const { files } = context.options;
    const wish = {
      bytesLimit: parseBytesLimit(argument(context, 1)),
      ...(files !== undefined && { filesLimit: parseFilesLimit(files) }),
    };
    return withRoot(context, async ({ service }) => {
      const changes = await service.accounts.set(name, wish);
      const { views, failed } = await withOnlooker(context, (onlooker) => service.lines.show(name, onlooker));
      for (const fault of failed) context.printer.warn(fault.message);
      context.printer.result(
        views,
        changes.length === 0 ? ['nothing to change'] : changes.map((change) => `${name}: ${change}`),
      );
      for (const view of views) noteAboveLine(context, view);
      return undefined;
    });
  },
});

export const quotaScan = command({
  name: 'quota scan',
  args: ['[NAME]'],
  summary: 'count homes on the disk, and set to that what the server believes they use',
  options: { check: flag('--check', 'change nothing; exit code 1 where the two differ') },
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const [name = null] = context.args;
      const { check } = context.options;
      const found = await withOnlooker(context, (onlooker) => service.lines.scan(name, { check }, onlooker));
      const failed = tellFailed(context, name, found);
      context.printer.result(found.views, scanTable(found.views));
      const drifted = found.views.filter(hasDrift);
      if (drifted.length > 0) {
        context.printer.note(
          check
            ? "The ledger and the disk differ: 'plimsoll quota scan' without --check sets the ledger to the disk."
            : 'The ledger is set to what is on the disk.',
        );
      }
      return failed ?? (check && drifted.length > 0 ? exits.failed : undefined);
    }),
});

/** Tells an operator who set a line below what is used. */
export function noteAboveLine({ printer }: Surroundings, view: QuotaView): void {
  const over = aboveLine(view);
  if (over !== null) printer.note(over);
}

/** @throws Fault that of the one home that was named */
function tellFailed(
  { printer }: Surroundings,
  name: string | null,
  { failed }: PerHome<unknown>,
): Exit | undefined {
  const [first] = failed;
  if (!first) return undefined;
  if (name !== null) throw first;
  for (const fault of failed) printer.warn(fault.message);
  return exits['some failed'];
}

function lineTable(views: readonly QuotaView[]): readonly string[] {
  if (views.length === 0) return [noAccounts];
  return table([
    ['NAME', 'USED', 'LINE', 'FREE', '%', 'FILES'],
    ...views.map((view) => [
      namesOf(view),
      view.bytes.used === null ? 'unknown' : formatSize(view.bytes.used),
      view.bytes.limit === null ? 'no limit' : formatSize(view.bytes.limit),
      showFree(view.bytes),
      showPercent(view.bytes),
      showFilesOf(view.files),
    ]),
  ]);
}

function scanTable(views: readonly ScanView[]): readonly string[] {
  if (views.length === 0) return [noAccounts];
  return table([
    ['NAME', 'LEDGER', 'DISK', 'DRIFT'],
    ...views.map((view) => [
      namesOf(view),
      showCount(view.ledger),
      showCount(view.disk),
      hasDrift(view) ? showDrift(view.drift) : 'none',
    ]),
  ]);
}

function namesOf({ name, accounts }: QuotaView | ScanView): string {
  return accounts ? accounts.join(', ') : name;
}

function showFree({ used, limit }: UseOfLimit): string {
  if (limit === null) return 'no limit';
  return used === null ? 'unknown' : formatSize(Math.max(0, limit - used));
}

/** Rounded down, so that 100 is only said of a line that is reached. */
function showPercent({ used, limit }: UseOfLimit): string {
  if (used === null || limit === null) return '-';
  return limit === 0 ? '100' : String(Math.floor((used / limit) * 100));
}

function showFilesOf({ used, limit }: UseOfLimit): string {
  const count = used === null ? 'unknown' : String(used);
  return limit === null ? count : `${count} of ${limit}`;
}

function showCount({ bytes, files }: Count): string {
  return `${formatSize(bytes)}, ${showFiles(files)}`;
}

function showDrift({ bytes, files }: Count): string {
  const sign = (value: number): string => (value < 0 ? '-' : '+');
  const parts = [
    ...(bytes === 0 ? [] : [`${sign(bytes)}${formatSize(Math.abs(bytes))}`]),
    ...(files === 0 ? [] : [`${sign(files)}${showFiles(Math.abs(files))}`]),
  ];
  return parts.join(', ');
}
