import { fromText, toText } from '../names.js';

/** Control and direction characters as `\xNN`: what a peer sent can neither forge a line nor steer a terminal. */
export function printable(text: string): string {
  return toText(fromText(text));
}

/** The same for every text inside a value; numbers have three decimals at most. */
export function printableDeep(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (typeof value === 'number') return Math.round(value * 1000) / 1000;
  if (Array.isArray(value)) return value.map(printableDeep);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printableDeep(inner)]));
  }
  return value;
}
