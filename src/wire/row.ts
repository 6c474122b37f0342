import type { Field } from './fields.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** The fields of a packet; their order is the order on the wire. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

export type ValuesOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/** Two fields whose sum is a place in a file, and is refused above 2^53-1 as each alone is (T6). */
export type Sum = readonly [from: string, length: string];

export function readFields<F extends Fields>(
  fields: F,
  reader: Reader,
  sums: readonly Sum[] = [],
): ValuesOf<F> {
  const values: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) values[key] = field.read(reader);
  for (const [from, length] of sums) {
    const end = Number(values[from]) + Number(values[length]);
    if (end > Number.MAX_SAFE_INTEGER) reader.fail('a range that ends above 2^53-1');
  }
  return values as ValuesOf<F>;
}

export function writeFields<F extends Fields>(fields: F, writer: Writer, values: ValuesOf<F>): void {
  for (const [key, field] of Object.entries(fields)) field.write(writer, values[key]);
}
