import fc from 'fast-check';

/** What a session, or the captain of all servers, is told to do. */
export type Step =
  | { readonly do: 'open'; readonly path: string; readonly flags: number }
  | { readonly do: 'close'; readonly handle: number }
  | { readonly do: 'write'; readonly handle: number; readonly offset: number; readonly length: number }
  /** Several at once, one behind the other. */
  | { readonly do: 'upload'; readonly handle: number; readonly length: number; readonly pieces: number }
  | { readonly do: 'resize'; readonly handle: number; readonly size: number }
  | { readonly do: 'set'; readonly path: string; readonly size: number }
  | { readonly do: 'mkdir' | 'rmdir' | 'remove' | 'symlink'; readonly path: string }
  | { readonly do: 'rename' | 'link'; readonly path: string; readonly to: string }
  | { readonly do: 'usage' | 'scan' | 'check' | 'leave' }
  | { readonly do: 'kill' | 'hang' | 'resume' | 'ill' | 'well' };

const names = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'e', 'e/a'];
const path = fc.constantFrom(...names).map((name) => `/${name}`);
const handle = fc.nat(3);
const length = fc.oneof(fc.nat(3_000), fc.nat(30_000));

const of = <const K extends string>(kind: K) => fc.constant(kind);

/** @param trouble how often processes die, hang, or have a store that fails */
export function step(trouble: number): fc.Arbitrary<Step> {
  return fc.oneof(
    { weight: 14, arbitrary: fc.record({ do: of('open'), path, flags: fc.nat(31) }) },
    { weight: 8, arbitrary: fc.record({ do: of('close'), handle }) },
    { weight: 10, arbitrary: fc.record({ do: of('write'), handle, offset: fc.nat(40_000), length }) },
    {
      weight: 10,
      arbitrary: fc.record({ do: of('upload'), handle, length, pieces: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 5, arbitrary: fc.record({ do: of('resize'), handle, size: fc.nat(40_000) }) },
    { weight: 4, arbitrary: fc.record({ do: of('set'), path, size: fc.nat(40_000) }) },
    {
      weight: 14,
      arbitrary: fc.record({ do: fc.constantFrom('mkdir', 'rmdir', 'remove', 'remove', 'symlink'), path }),
    },
    { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('rename', 'link'), path, to: path }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('usage', 'usage', 'scan', 'check', 'leave', 'leave') }),
    },
    {
      weight: trouble,
      arbitrary: fc.record({
        do: fc.constantFrom('kill', 'hang', 'resume', 'resume', 'ill', 'well', 'well'),
      }),
    },
  );
}

export interface Voyage {
  /** For the turns that calls take. */
  readonly seed: number;
  readonly slowness: number;
  readonly room: number;
  readonly line: { readonly bytes: number | null; readonly files: number | null };
  /** What each session does, all of them at once; the number says which server it is of. */
  readonly scripts: readonly (readonly Step[])[];
}

export function voyage(
  servers: number,
  sessions: number,
  steps: number,
  trouble: number,
): fc.Arbitrary<Voyage> {
  return fc.record({
    seed: fc.nat(),
    slowness: fc.constantFrom(0, 1, 4),
    room: fc.constantFrom(2 ** 50, 2 ** 50, 100_000),
    line: fc.record({
      bytes: fc.constantFrom(60_000, 150_000, 400_000, null),
      files: fc.constantFrom(6, 12, null),
    }),
    scripts: fc.array(fc.array(step(trouble), { minLength: steps, maxLength: steps, size: 'max' }), {
      minLength: servers * sessions,
      maxLength: servers * sessions,
    }),
  });
}

/** Numbers that look like chance, the same ones for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
