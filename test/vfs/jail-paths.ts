/**
 * Pieces that paths to break out are made of. None is a name that a host has, and seven of them climb less far than
 * the home of a test lies below its own folder: what gets out meets canaries, not the machine (`outside.ts`).
 */
const pieces: readonly string[] = [
  ...[
    '..',
    '..',
    '..',
    '.',
    '',
    '...',
    'a',
    'b',
    'f',
    'none',
    'jail-home',
    'jail-home2',
    'jail-outside',
    'canary.txt',
  ],
  ...['rel', 'abs', 'self', 'up', 'own', 'loop', 'deep', 'fifo', 'sub', 'inside'],
  // Encodings that some decoder might take for a dot or a slash.
  ...[
    '%2e%2e',
    '%2e%2e%2f',
    '..%00',
    '\\',
    '..\\',
    '..\\..\\jail-outside',
    '\xc0\xae\xc0\xae',
    '\xe0\x80\xae',
  ],
  ...['\xe2\x80\xa5', '\xef\xbc\x8e\xef\xbc\x8e', '\xc0\xaf', 'e\xcc\x81', '\xc3\xa9', '\xff\xfe'],
  ...['a\nb', '\x1b[2J', '-rf', '~', '*', '$HOME', 'A', 'n'.repeat(255), 'n'.repeat(256), '..\0', '\0'],
];

/** Endless, and the same for the same seed (a linear congruential generator: Numerical Recipes' constants). */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const fixed: readonly string[] = [
  ...[
    '',
    '/',
    '.',
    '..',
    '/..',
    '//',
    '/./',
    '/../..',
    '../jail-outside/canary.txt',
    '/../jail-home2/canary.txt',
  ],
  ...[
    '/a/../../jail-outside/canary.txt',
    '/up/jail-outside/canary.txt',
    '/abs/canary.txt',
    '/rel/canary.txt',
  ],
  ...['/own/../jail-outside', '/abs', '/abs/new', '/up', '/loop', '/deep', '/fifo', '/abs/sub/../canary.txt'],
  `/${'n'.repeat(255)}`,
  `/${'n'.repeat(256)}`,
  `/${'x'.repeat(4094)}`,
  '/a'.repeat(2000),
  `/${'y'.repeat(65_000)}`,
  '/a\0/../../jail-outside/canary.txt',
];

/**
 * Paths to the host itself, for requests that only look. A request that changes something must never be sent there:
 * should the jail fall, the battery would lay hands on the machine it runs on.
 */
export const hostPaths: readonly string[] = [
  ...[
    '/out',
    '/out/',
    '/out/etc',
    '/out/etc/passwd',
    '/out/proc/self/environ',
    '/toproc',
    '/toproc/root/etc',
  ],
  ...['/tofd', '/tofd/0', '/todev', '/passwd', '/climb', '/climb/passwd', '/etc/passwd', '/proc/self/root'],
  ...['/../../../../../../../../../../../../../../../../../../../../../../../../../../../../etc/passwd'],
  '/..'.repeat(1300),
];

/** `count` hostile paths, the fixed ones first. */
export function hostilePaths(count: number, seed: number): readonly string[] {
  const next = numbers(seed);
  const made = Array.from({ length: Math.max(0, count - fixed.length) }, () => {
    const names = Array.from({ length: 1 + next(7) }, () => pieces[next(pieces.length)] ?? '');
    return `${next(4) === 0 ? '' : '/'}${names.join('/')}${next(5) === 0 ? '/' : ''}`;
  });
  return [...fixed, ...made];
}
