import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import { parseSize } from '../../size.js';
import type { GivenOptions } from './arguments.js';
import { logLevels, type LogLevel } from './client-log.js';
import type { GlobalOptions } from './global-options.js';

/** What the program itself follows; commands do not see it. */
export interface ProgramOptions {
  /** A file, or `-` for standard error; `null` for none. */
  readonly log: string | null;
  readonly logLevel: LogLevel;
  readonly lock: string | null;
  /** Neither progress nor what is only good to know. */
  readonly terse: boolean;
}

export interface Settled {
  readonly globals: GlobalOptions;
  readonly program: ProgramOptions;
}

/**
 * @param shows whether what goes to stderr is shown on a terminal
 * @throws Fault `invalid`, saying which option and what it takes
 */
export function settleOptions(given: GivenOptions, shows: boolean): Settled {
  const { json = false, quiet = false, terse = false } = given;
  const choice = <T extends string>(
    name: string,
    text: string | undefined,
    known: readonly T[],
  ): T | null => {
    if (text === undefined) return null;
    const found = known.find((one) => one === text.toLowerCase());
    if (found === undefined)
      throw new Fault('invalid', `${name} takes ${anyOf(known)}, not '${printable(text)}'`);
    return found;
  };
  const progress = choice('--progress', given.progress, ['bar', 'plain', 'none']);
  const usual = shows && !quiet && !terse && !json ? 'bar' : 'none';
  const verify = choice('--verify', given.verify, ['md5', 'sha256', 'none']);
  if (given.limit !== undefined && given.bandwidth !== undefined) {
    throw new Fault('invalid', '--limit and -l say the same in different units: give one of them');
  }
  return {
    globals: {
      json,
      quiet,
      codes: given.codes ?? false,
      verbosity: given.verbose ?? 0,
      progress: progress === 'bar' && !shows ? 'none' : (progress ?? usual),
      retries: whole('--retries', given.retries, 0, 1_000_000) ?? 3,
      timeout: seconds(given.timeout) ?? 30_000,
      limit: rate(given.limit) ?? kbits(given.bandwidth),
      jobs: whole('--jobs', given.jobs, 1, 64) ?? 4,
      verify: verify === 'none' ? null : { algorithm: verify ?? 'md5', explicit: given.verify !== undefined },
      collision: given.collision ?? null,
      mismatch: choice('--on-mismatch', given.onMismatch, ['restart', 'fail']),
    },
    program: {
      log: given.log ?? null,
      logLevel: choice('--log-level', given.logLevel, logLevels) ?? 'info',
      lock: given.lock ?? null,
      terse,
    },
  };
}

function whole(name: string, text: string | undefined, least: number, most: number): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw new Fault(
      'invalid',
      `${name} takes a whole number from ${least} to ${most}, not '${printable(text)}'`,
    );
  }
  return value;
}

function seconds(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,6}(\.\d{1,3})?s?$/.test(text) ? parseFloat(text) : NaN;
  if (!(value >= 0.1 && value <= 86_400)) {
    throw new Fault('invalid', `--timeout takes seconds from 0.1 to 86400, not '${printable(text)}'`);
  }
  return Math.round(value * 1000);
}

function rate(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = parseSize(text.replace(/\/s$/, ''));
  if (value === 0) throw new Fault('invalid', '--limit takes bytes a second, such as 5MB, or none');
  return value;
}

/** sftp's Kbit have 1024 bits. */
function kbits(text: string | undefined): number | null {
  const value = whole('-l', text, 1, 9_999_999);
  return value === null ? null : (value * 1024) / 8;
}

function anyOf(known: readonly string[]): string {
  return `${known.slice(0, -1).join(', ')} or ${known.at(-1) ?? ''}`;
}
