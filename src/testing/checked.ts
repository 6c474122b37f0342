import { didYouMean } from '../config/nearest.js';
import { assertKnown } from '../embed/known-options.js';
import { Fault } from '../fault.js';

/**
 * The options of a fault: a mistyped `paht` must not widen it to every path in silence.
 * @param fault what they were given to
 * @throws Fault `invalid`, as all of these
 */
export function options<T extends object>(
  fault: string,
  given: T,
  names: Readonly<Record<keyof T, true>>,
): T {
  const unknown: unknown = given;
  assertKnown(unknown, names, fault);
  return given;
}

/** A count that was given in options. */
export function whole(name: string, value: number, least = 0): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Fault('invalid', `${name} is a whole number from ${least} on, not ${shown(value)}`);
  }
  return value;
}

export function atLeast(least: number, name: string, value: number): number {
  if (!Number.isFinite(value) || value < least) {
    throw new Fault('invalid', `${name} is a number from ${least} on, not ${shown(value)}`);
  }
  return value;
}

export function positive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0) {
    throw new Fault('invalid', `${name} is a number above 0, not ${shown(value)}`);
  }
  return value;
}

/** One of the names there are; the sentence for any other names the one that is most like it. */
export function oneOf<Name extends string>(what: string, value: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  if (typeof (value as unknown) !== 'string') {
    throw new Fault(
      'invalid',
      `${what} is one of ${known[0] ?? ''}, ${known[1] ?? ''} ..., not ${shown(value)}`,
    );
  }
  // Extensions are known by their names without the vendor too.
  const whose = known.find((name) => name.startsWith(`${value}@`));
  const hint = whose === undefined ? didYouMean(value, known) : `; did you mean '${whose}'?`;
  throw new Fault('invalid', `there is no ${what} '${value}'${hint}`);
}

export function text(name: string, value: string): string {
  if (typeof (value as unknown) !== 'string')
    throw new Fault('invalid', `${name} is text, not ${shown(value)}`);
  return value;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
