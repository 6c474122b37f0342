import type { Fields, Sum } from './row.js';

/** `status` and `name` stand for the packets of that name. */
type Answer = Fields | 'status' | 'name';

/** One extension: EXTENDED with these fields behind the name, answered by EXTENDED_REPLY with those. */
export interface Extension<F extends Fields = Fields, R extends Answer = Answer> {
  /** The value that VERSION shows beside the name; `null` where another row's name stands for it. */
  readonly version: string | null;
  readonly request: F;
  readonly reply: R;
  readonly sums: readonly Sum[];
}

/** A row of `extensions.ts`. */
export function extension<F extends Fields, R extends Answer>(
  version: string | null,
  request: F,
  reply: R,
  sums: readonly (readonly [keyof F & string, keyof F & string])[] = [],
): Extension<F, R> {
  return { version, request, reply, sums };
}
