import fc, { type Arbitrary } from 'fast-check';

/** What a session is told to do. Handles are numbers that the session reads as one of those it has open. */
export type Step =
  | { readonly do: 'open'; readonly path: string; readonly flags: number }
  | { readonly do: 'close'; readonly handle: number }
  | { readonly do: 'write'; readonly handle: number; readonly offset: number; readonly length: number }
  /** Writes behind the end, as an upload does. */
  | { readonly do: 'extend'; readonly handle: number; readonly length: number }
  /** Takes all the room that is left, and `over` bytes more. */
  | { readonly do: 'fill'; readonly handle: number; readonly over: number }
  | { readonly do: 'fsetstat'; readonly handle: number; readonly size: number }
  | { readonly do: 'setstat'; readonly path: string; readonly size: number; readonly follow: boolean }
  | { readonly do: 'mkdir'; readonly path: string }
  | { readonly do: 'rmdir'; readonly path: string }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'symlink'; readonly path: string; readonly target: string }
  | { readonly do: 'link'; readonly path: string; readonly to: string }
  | { readonly do: 'rename'; readonly path: string; readonly to: string; readonly replace: boolean }
  | {
      readonly do: 'copy-data';
      readonly from: number;
      readonly fromOffset: number;
      readonly length: number;
      readonly handle: number;
      readonly offset: number;
    }
  | { readonly do: 'copy-file'; readonly path: string; readonly to: string; readonly overwrite: boolean }
  | { readonly do: 'upload'; readonly path: string; readonly name: string; readonly size: number }
  | { readonly do: 'disconnect' };

/** Few names, so that sessions meet; those of `folders` are mostly folders. */
const names = ['a', 'b', 'c', 'g', 'h', 'i', 'j', 'k'];
const folders = ['d', 'e', 'd/f'];

const name = fc.constantFrom(...names);
const folder = fc.constantFrom(...folders);
const path = fc.oneof(
  { weight: 6, arbitrary: name },
  { weight: 4, arbitrary: fc.tuple(folder, name).map((parts) => parts.join('/')) },
  { weight: 1, arbitrary: folder },
);

const handle = fc.nat(7);

/** Bytes, from none to more than any line here. */
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(6_000) },
  { weight: 3, arbitrary: fc.nat(60_000) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 70_000) },
);
const offset = fc.oneof(
  { weight: 6, arbitrary: fc.nat(10_000) },
  { weight: 2, arbitrary: fc.nat(250_000) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2 ** 31, 2 ** 40) },
);
const size = fc.oneof({ weight: 8, arbitrary: fc.nat(60_000) }, { weight: 2, arbitrary: offset });

/** READ, WRITE, APPEND, CREAT, TRUNC and EXCL, all together; those of uploads more often. */
const flags = fc.oneof(
  { weight: 2, arbitrary: fc.nat(63) },
  { weight: 3, arbitrary: fc.constantFrom(2 | 8, 2 | 8 | 16, 1 | 2 | 8, 4 | 8, 2 | 8 | 32) },
);

const step: Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ do: fc.constant('open' as const), path, flags }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('close' as const), handle }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), handle, offset, length }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('extend' as const), handle, length }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fill' as const), handle, over: fc.nat(1) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('fsetstat' as const), handle, size }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('setstat' as const), path, size, follow: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('mkdir' as const),
      path: fc.oneof({ weight: 3, arbitrary: folder }, { weight: 2, arbitrary: path }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('rmdir' as const), path: fc.oneof(folder, path) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('remove' as const), path }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('symlink' as const), path, target: fc.oneof(name, path) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('link' as const), path, to: path }) },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('rename' as const), path, to: path, replace: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('copy-data' as const),
      from: handle,
      fromOffset: fc.nat(20_000),
      length: fc.oneof(fc.constant(0), fc.nat(60_000)),
      handle,
      offset: fc.nat(60_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('copy-file' as const), path, to: path, overwrite: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('upload' as const), path, name, size: fc.nat(60_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disconnect' as const) }) },
);

export interface Turn {
  /** Which of the sessions. */
  readonly session: number;
  readonly step: Step;
}

/** So many steps, each of one of so many sessions. */
export function turns(count: number, sessions: number): Arbitrary<readonly Turn[]> {
  return fc.array(fc.record({ session: fc.nat(sessions - 1), step }), {
    minLength: count,
    maxLength: count,
    size: 'max',
  });
}

/** So many steps for each of so many sessions. */
export function scripts(count: number, sessions: number): Arbitrary<readonly (readonly Step[])[]> {
  const script = fc.array(step, { minLength: count, maxLength: count, size: 'max' });
  return fc.array(script, { minLength: sessions, maxLength: sessions });
}

/** How a failure is run again: `PLIMSOLL_TEST_REPLAY=SEED:PATH`, with both as fast-check printed them. */
export function replay(): { readonly seed?: number; readonly path?: string } {
  const [seed, ...path] = (process.env['PLIMSOLL_TEST_REPLAY'] ?? '').split(':');
  return seed ? { seed: Number(seed), ...(path.length > 0 && { path: path.join(':') }) } : {};
}
