import { Fault } from '../fault.js';
import { parseSize } from '../size.js';

export type Stored = string | number | boolean | readonly string[];

/** One declared setting: `S` is what stands in `etc/plimsoll.json`, `P` what the program uses. */
export interface Setting<S extends Stored = Stored, P = unknown> {
  readonly default: S;
  readonly help: string;
  /** What is allowed, in words, for messages and documentation. */
  readonly allowed: string;
  /** @throws Fault `invalid`, saying what is allowed */
  parse(stored: unknown): P;
  /** What a person typed or the environment holds, as it is stored; not yet checked. */
  fromText(text: string): Stored;
}

function refuse(allowed: string): never {
  throw new Fault('invalid', allowed);
}

export function count(of: {
  default: number;
  min: number;
  max: number;
  help: string;
}): Setting<number, number> {
  const allowed = `a whole number from ${of.min} to ${of.max}`;
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) =>
      typeof stored === 'number' && Number.isInteger(stored) && stored >= of.min && stored <= of.max
        ? stored
        : refuse(allowed),
    fromText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  };
}

export function bool(of: { default: boolean; help: string }): Setting<boolean, boolean> {
  const allowed = 'true or false';
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) => (typeof stored === 'boolean' ? stored : refuse(allowed)),
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  };
}

export function text(of: {
  default: string;
  help: string;
  oneOf?: readonly string[];
  pattern?: string;
  allowed?: string;
}): Setting<string, string> {
  const allowed =
    of.allowed ??
    (of.oneOf ? `one of ${of.oneOf.join(', ')}` : of.pattern ? `text like ${of.pattern}` : 'text');
  const pattern = of.pattern === undefined ? null : new RegExp(of.pattern);
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) =>
      typeof stored === 'string' &&
      (!of.oneOf || of.oneOf.includes(stored)) &&
      (!pattern || pattern.test(stored))
        ? stored
        : refuse(allowed),
    fromText: (typed) => typed,
  };
}

export function list(of: {
  default: readonly string[];
  help: string;
  allowed?: string;
  /** What each item must pass; `allowed` says it in words. */
  item?: (item: string) => boolean;
  /** A list of nothing is allowed too; as text it is empty. */
  mayBeEmpty?: boolean;
}): Setting<readonly string[], readonly string[]> {
  const allowed =
    of.allowed ?? `a list of texts that are not empty${of.mayBeEmpty ? ', or an empty list' : ''}`;
  const fits = of.item ?? (() => true);
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) =>
      Array.isArray(stored) &&
      (stored.length > 0 || of.mayBeEmpty) &&
      stored.every((item) => typeof item === 'string' && item !== '' && fits(item))
        ? (stored as readonly string[])
        : refuse(allowed),
    fromText: (typed) =>
      of.mayBeEmpty && typed.trim() === '' ? [] : typed.split(',').map((item) => item.trim()),
  };
}

/** Bytes, written `100MB`, `100MiB` or as a number; `nullable` allows `none`. */
export function size(of: {
  default: string;
  help: string;
  min?: string;
  max?: string;
}): Setting<string, number> {
  const allowed = `a size like 100MB or 64MiB${of.min ? `, at least ${of.min}` : ''}${of.max ? `, at most ${of.max}` : ''}`;
  const min = of.min === undefined ? 0 : bytesOf(of.min, allowed);
  const max = of.max === undefined ? Number.MAX_SAFE_INTEGER : bytesOf(of.max, allowed);
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) => {
      const bytes = bytesOf(stored, allowed);
      return bytes >= min && bytes <= max ? bytes : refuse(allowed);
    },
    fromText: (typed) => typed,
  };
}

/** As `size`, or `none` (`null`): no limit. */
export function limit(of: { default: string; help: string }): Setting<string, number | null> {
  const allowed = 'a size like 100MB or 64MiB, or none';
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) => (stored === 'none' ? null : bytesOf(stored, allowed)),
    fromText: (typed) => typed,
  };
}

function bytesOf(stored: unknown, allowed: string): number {
  if (typeof stored !== 'string' && typeof stored !== 'number') return refuse(allowed);
  try {
    return parseSize(String(stored)) ?? refuse(allowed);
  } catch {
    return refuse(allowed);
  }
}

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function millisecondsOf(stored: unknown): number {
  const match = typeof stored === 'string' ? /^(\d{1,9})(ms|s|m|h|d)$/.exec(stored) : null;
  return match ? Number(match[1]) * (milliseconds[match[2] ?? ''] ?? NaN) : NaN;
}

/** A time, written `500ms`, `30s`, `15m`, `1h`, `7d`; parsed to milliseconds. */
export function duration(of: {
  default: string;
  min: string;
  max: string;
  help: string;
}): Setting<string, number> {
  const allowed = `a time like 30s, 15m or 1h, from ${of.min} to ${of.max}`;
  return {
    default: of.default,
    help: of.help,
    allowed,
    parse: (stored) => {
      const time = millisecondsOf(stored);
      return time >= millisecondsOf(of.min) && time <= millisecondsOf(of.max) ? time : refuse(allowed);
    },
    fromText: (typed) => typed,
  };
}
