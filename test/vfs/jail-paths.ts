/** Pieces that paths to break out are made of. */
const pieces: readonly string[] = [
  ...['..', '..', '..', '.', '', '...', 'a', 'b', 'f', 'none', 'home', 'home2', 'outside', 'canary.txt'],
  ...['out', 'rel', 'abs', 'toproc', 'tofd', 'todev', 'self', 'up', 'own', 'loop', 'deep', 'fifo'],
  ...['etc', 'passwd', 'proc', 'self', 'root', 'fd', '3', 'dev', 'stdin', 'cwd', 'task'],
  // Encodings that some decoder might take for a dot or a slash.
  ...['%2e%2e', '%2e%2e%2f', '..%00', '\\', '..\\', '..\\..\\outside', '\xc0\xae\xc0\xae', '\xe0\x80\xae'],
  ...['\xe2\x80\xa5', '\xef\xbc\x8e\xef\xbc\x8e', '\xc0\xaf', 'e\xcc\x81', '\xc3\xa9', '\xff\xfe'],
  ...[
    'a\nb',
    '\x1b[2J',
    '-rf',
    '~',
    '~root',
    '*',
    '$HOME',
    'A',
    'n'.repeat(255),
    'n'.repeat(256),
    '..\0',
    '\0',
  ],
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
  ...['', '/', '.', '..', '/..', '//', '/./', '/../..', '../outside/canary.txt', '/../home2/canary.txt'],
  ...[
    '/a/../../outside/canary.txt',
    '/out/etc/passwd',
    '/abs/canary.txt',
    '/tofd/3',
    '/toproc/root/etc/passwd',
  ],
  ...['/up/outside/canary.txt', '/rel/canary.txt', '/own/../outside', '/todev', '/loop', '/deep', '/fifo'],
  `/${'n'.repeat(255)}`,
  `/${'n'.repeat(256)}`,
  `/${'x'.repeat(4094)}`,
  '/a'.repeat(2000),
  '/..'.repeat(1300),
  `/${'y'.repeat(65_000)}`,
  '/a\0/../../outside/canary.txt',
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
