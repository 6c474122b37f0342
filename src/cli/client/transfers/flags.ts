import type { CollisionChoice, MismatchChoice } from '../../../client/transfer.js';
import { Fault } from '../../../fault.js';
import { parseSize } from '../../../size.js';
import { either, flag, text, type OptionSpec } from '../../command.js';
import { unknownChoices, type DecisionFlags } from '../decisions.js';
import type { GlobalOptions } from '../global-options.js';

/** The options of `get`, `put` and their like. */
export const transferOptions = {
  preserve: flag('-p, --preserve', 'carry times and modes over'),
  recursive: flag('-r, --recursive', 'take folders, with all that is in them'),
  R: flag('-R', 'the same as -r'),
  resume: flag('-a, --resume', 'go on behind the part that is there, once it is found equal on both sides'),
  overwrite: flag('--overwrite', 'replace what is there'),
  rename: flag('--rename', 'leave what is there, and take NAME.new, then NAME.new.2'),
  skip: flag('--skip', 'leave what is there, and go on with the next'),
  onMismatch: text('--on-mismatch <restart|fail>', 'where the part that is there differs'),
  onUnknown: text(
    '--on-unknown <resume|restart|fail>',
    'where the server cannot hash the part that is there',
  ),
  verify: text('--verify <md5|sha256|none>', 'how it is compared at the end'),
  inPlace: flag('--in-place', 'write NAME itself, without NAME.part or NAME.filepart'),
  check: either('--check', 'compare what is needed with the room there is, before the first byte'),
  fsync: flag('-f, --fsync', 'end when it is on the disk'),
  jobs: text('--jobs <N>', 'files under way at once'),
  limit: text('--limit <RATE>', 'bytes a second, such as 5MB, for all files together'),
} as const;

export type TransferValues = {
  readonly [Name in keyof typeof transferOptions]: (typeof transferOptions)[Name] extends OptionSpec<infer T>
    ? T
    : never;
};

/** What the options of a command, and behind them those of the program, say. */
export interface TransferFlags extends Pick<GlobalOptions, 'verify' | 'limit' | 'jobs'> {
  readonly preserve: boolean;
  readonly recursive: boolean;
  readonly inPlace: boolean;
  readonly checkRoom: boolean;
  readonly sync: boolean;
  readonly decisions: DecisionFlags;
}

const mostJobs = 64;

/** @throws Fault `invalid`, saying which option and what it takes */
export function readFlags(values: TransferValues, globals: GlobalOptions): TransferFlags {
  return {
    preserve: values.preserve,
    recursive: values.recursive || values.R,
    inPlace: values.inPlace,
    checkRoom: values.check !== false,
    sync: values.fsync,
    jobs: values.jobs === undefined ? globals.jobs : readJobs(values.jobs),
    limit: values.limit === undefined ? globals.limit : readRate(values.limit),
    verify: values.verify === undefined ? globals.verify : readVerify(values.verify),
    decisions: {
      collision: readCollision(values) ?? globals.collision,
      mismatch: readChoice('--on-mismatch', values.onMismatch, mismatchChoices) ?? globals.mismatch,
      unknown: readChoice('--on-unknown', values.onUnknown, unknownChoices),
    },
  };
}

/** The options as they would be typed again, the ones about what is there left out: `--resume` takes their place. */
export function typedAgain(values: TransferValues): readonly string[] {
  const option = (name: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [name, value];
  return [
    ...(values.preserve ? ['-p'] : []),
    ...(values.recursive || values.R ? ['-r'] : []),
    ...(values.fsync ? ['-f'] : []),
    ...(values.inPlace ? ['--in-place'] : []),
    ...(values.check === false ? ['--no-check'] : []),
    ...option('--on-mismatch', values.onMismatch),
    ...option('--on-unknown', values.onUnknown),
    ...option('--verify', values.verify),
    ...option('--jobs', values.jobs),
    ...option('--limit', values.limit),
  ];
}

const mismatchChoices = ['restart', 'fail'] as const satisfies readonly MismatchChoice[];

function readCollision(values: TransferValues): CollisionChoice | null {
  const given = (['resume', 'overwrite', 'rename', 'skip'] as const).filter((name) => values[name]);
  if (given.length > 1) {
    throw new Fault('invalid', `${given.map((name) => `--${name}`).join(' and ')} exclude each other`);
  }
  return given[0] ?? null;
}

function readChoice<T extends string>(
  name: string,
  given: string | undefined,
  choices: readonly T[],
): T | null {
  if (given === undefined) return null;
  const found = choices.find((one) => one === given);
  if (found === undefined) throw new Fault('invalid', `${name} takes ${anyOf(choices)}, not '${given}'`);
  return found;
}

function readVerify(given: string): GlobalOptions['verify'] {
  const choice = readChoice('--verify', given, ['md5', 'sha256', 'none'] as const);
  return choice === null || choice === 'none' ? null : { algorithm: choice, explicit: true };
}

function readJobs(given: string): number {
  const jobs = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (jobs < 1 || jobs > mostJobs) {
    throw new Fault('invalid', `--jobs takes a number from 1 to ${mostJobs}, not '${given}'`);
  }
  return jobs;
}

function readRate(given: string): number | null {
  const rate = parseSize(given.replace(/\/s$/, ''));
  if (rate === 0) throw new Fault('invalid', '--limit takes bytes a second, such as 5MB, or none');
  return rate;
}

function anyOf(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
}
