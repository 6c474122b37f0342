import { didYouMean } from '../config/nearest.js';
import { Fault } from '../fault.js';

/**
 * Refuses what is no object, and names that mean nothing: a mistyped `readonly` must not pass in silence.
 * @param shown what the object is called in the fault: `the account 'alice'`
 * @throws Fault `invalid`, with the nearest name there is
 */
export function assertKnown(
  options: unknown,
  names: Readonly<Record<string, true>>,
  shown: string,
): asserts options is Readonly<Record<string, unknown>> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Fault('invalid', `${shown}: the options must be an object`);
  }
  const known = Object.keys(names);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    throw new Fault(
      'invalid',
      `${shown}: there is no option '${name.slice(0, 100)}'${didYouMean(name, known)}`,
    );
  }
}

/** @throws Fault `invalid` */
export function optional<T>(
  options: Readonly<Record<string, unknown>>,
  name: string,
  is: (value: unknown) => value is T,
  allowed: string,
  shown: string,
): T | undefined {
  const value = options[name];
  if (value === undefined || is(value)) return value;
  throw new Fault('invalid', `${shown}: ${name} must be ${allowed}`);
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

export function isFunction(value: unknown): value is (...args: never) => unknown {
  return typeof value === 'function';
}
