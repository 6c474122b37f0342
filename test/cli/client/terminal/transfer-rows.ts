import { createHash } from 'node:crypto';
import { chmodSync, existsSync, statfsSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { mode, names, read, row, write, type PerSite, type Row, type Sides } from './row.js';

type Direction = 'get' | 'put';

/** Whose bytes tell where they were. */
export const big = Buffer.from(
  Array.from({ length: 75_000 }, (_, at) => at).flatMap((at) => [at, at >> 8, at >> 16, 7]),
);
const begun = big.subarray(0, 100_000);
const wrong = Buffer.alloc(100_000, 'wrong ');
const then = new Date('2001-06-15T12:00:00Z');

const sides = {
  get: { from: ({ there }: Sides) => there, to: ({ here }: Sides) => here, part: 'big.bin.part' },
  put: { from: ({ here }: Sides) => here, to: ({ there }: Sides) => there, part: 'big.bin.filepart' },
} as const;

/** What there is to move, and what is in its way. */
function prepared(direction: Direction, inTheWay: Readonly<Record<string, string | Buffer>> = {}) {
  const { from, to } = sides[direction];
  return (at: Sides): void => {
    write(from(at), { 'big.bin': big, 'tree/x.txt': 'x', 'tree/deep/y.txt': 'yy' });
    chmodSync(join(from(at), 'big.bin'), 0o640);
    utimesSync(join(from(at), 'big.bin'), then, then);
    write(to(at), inTheWay);
  };
}

const hex = (algorithm: string): string => createHash(algorithm).update(big).digest('hex');
const bothHashes = (algorithm: string): RegExp =>
  new RegExp(`${algorithm.toUpperCase()} here ${hex(algorithm)} there ${hex(algorithm)}`);

/** `to` a name that a listing of the folder must have; all of `big` must be in it. */
const arrives =
  (direction: Direction, name = 'big.bin') =>
  (at: Sides): void => {
    const folder = sides[direction].to(at);
    expect(read(folder, name) === big.toString('latin1')).toBe(true);
    expect(names(folder).filter((one) => /part$/.test(one))).toEqual([]);
  };

/** By itself OpenSSH's server makes no hashes; its shell is asked for that of a single file. */
const equalWhere = (before: string, plimsoll: RegExp): PerSite<RegExp> => {
  const unverified = new RegExp(`${before}[^]*, not verified`);
  return { plimsoll, OpenSSH: plimsoll, 'OpenSSH without a shell': unverified };
};

/** One row for each option of `get` and `put`. */
function rowsOf(command: 'get' | 'put'): readonly Row[] {
  const { to, part } = sides[command];
  const before = prepared(command);
  const taken = prepared(command, { 'big.bin': 'old' });
  const whole = arrives(command);
  const resumed = resumes(command);
  return [
    row(`${command} big.bin`, { before, shows: equalWhere('300 KB', bothHashes('md5')), after: whole }),
    row(`${command} nowhere`, { fails: /nowhere/ }),
    ...['-a', '--resume', '--resume --on-unknown restart'].map((resume) =>
      row(`${command} ${resume} big.bin`, resumed),
    ),
    ...['-p', '--preserve'].map((preserve) =>
      row(`${command} ${preserve} big.bin`, { before, after: preserved(command) }),
    ),
    ...['-r', '-R', '--recursive', '-r --jobs 2'].map((recursive) =>
      row(`${command} ${recursive} tree`, { before, shows: /2 files, 3 B/, after: treeArrives(command) }),
    ),
    row(`${command} tree`, { before, fails: /tree.*-r/ }),
    row(`${command} --jobs 0 big.bin`, { before, fails: /--jobs takes a number from 1/ }),
    row(`${command} --overwrite big.bin`, { before: taken, after: whole }),
    row(`${command} --rename big.bin`, renamed(command)),
    row(`${command} --skip big.bin`, skipped(command)),
    row(`${command} --resume --on-mismatch restart big.bin`, {
      before: prepared(command, { [part]: wrong }),
      after: whole,
    }),
    row(`${command} --resume --on-mismatch fail big.bin`, {
      before: prepared(command, { [part]: wrong }),
      fails: /differ from the source, and were not extended/,
      after: (at) => expect(read(to(at), part)).toBe(wrong.toString()),
    }),
    ...['md5', 'sha256'].map((algorithm) =>
      row(`${command} --verify ${algorithm} big.bin`, { before, shows: bothHashes(algorithm), after: whole }),
    ),
    row(`${command} --verify none big.bin`, { before, shows: /not verified/, after: whole }),
    row(`${command} --in-place --overwrite big.bin`, inPlace(command)),
    ...['-f', '--fsync'].map((fsync) => row(`${command} ${fsync} big.bin`, { before, after: whole })),
    row(`${command} --limit 600KB big.bin`, {
      before,
      after: (at, shown) => {
        whole(at);
        // 300 KB at this rate, less what may go at once at first.
        expect(Number(/300 KB in ([\d.]+) s/.exec(shown)?.[1])).toBeGreaterThan(0.35);
      },
    }),
    row(`${command} --limit 0 big.bin`, { before, fails: /--limit takes bytes a second/ }),
    row(`${command} --check huge.bin`, {
      before: huge(command),
      fails: /needs [\d.]+ [TPE]B, [\d.]+ .?B free/,
      after: (at) => expect(names(to(at)).filter((name) => name.startsWith('huge'))).toEqual([]),
    }),
    row(`${command} --no-check --limit 1MB huge.bin`, {
      before: huge(command),
      answers: [[/huge\.bin.*B\/s/, '\u0003']],
      fails: /cancelled.*(received|sent) .*continue with: re(get|put) /,
      after: (at) => expect(names(to(at)).filter((name) => name.startsWith('huge'))).toHaveLength(1),
    }),
  ];
}

/** Their relatives take the same options; each of them is typed, several in a line. */
function rowsOfRelative(command: string, direction: Direction): readonly Row[] {
  const before = prepared(direction);
  const whole = arrives(direction);
  return [
    row(`${command} -p -f --verify sha256 --jobs 2 big.bin`, {
      before,
      shows: bothHashes('sha256'),
      after: preserved(direction),
    }),
    row(`${command} --preserve --fsync --check --verify none --limit 50MB big.bin`, {
      before,
      shows: /not verified/,
      after: preserved(direction),
    }),
    row(`${command} -r tree`, { before, after: treeArrives(direction) }),
    row(`${command} -R --no-check tree`, { before, after: treeArrives(direction) }),
    row(`${command} --recursive tree`, { before, after: treeArrives(direction) }),
    row(`${command} -a --on-unknown fail big.bin`, resumes(direction)),
    row(`${command} --resume --on-mismatch restart big.bin`, {
      before: prepared(direction, { [sides[direction].part]: wrong }),
      after: whole,
    }),
    row(`${command} --rename big.bin`, renamed(direction)),
    row(`${command} --skip big.bin`, skipped(direction)),
    row(`${command} --in-place --overwrite big.bin`, inPlace(direction)),
  ];
}

type Came = Omit<Row, 'typed'>;

function resumes(direction: Direction): Came {
  return {
    before: prepared(direction, { [sides[direction].part]: begun }),
    shows: equalWhere('100 KB were there', /100 KB were there[^]*MD5 equal/),
    after: arrives(direction),
  };
}

const preserved =
  (direction: Direction) =>
  (at: Sides): void => {
    const folder = sides[direction].to(at);
    arrives(direction)(at);
    expect(mode(folder, 'big.bin')).toBe(0o640);
    expect(statSync(join(folder, 'big.bin')).mtime).toEqual(then);
  };

const treeArrives =
  (direction: Direction) =>
  (at: Sides): void => {
    const folder = sides[direction].to(at);
    expect([read(folder, 'tree/x.txt'), read(folder, 'tree/deep/y.txt')]).toEqual(['x', 'yy']);
  };

function renamed(direction: Direction): Came {
  return {
    before: prepared(direction, { 'big.bin': 'old' }),
    shows: /as big\.bin\.new/,
    after: (at) => {
      arrives(direction, 'big.bin.new')(at);
      expect(read(sides[direction].to(at), 'big.bin')).toBe('old');
    },
  };
}

function skipped(direction: Direction): Came {
  return {
    before: prepared(direction, { 'big.bin': 'old' }),
    shows: /big\.bin: skipped/,
    after: (at) => expect(read(sides[direction].to(at), 'big.bin')).toBe('old'),
  };
}

/** The file that was there keeps its inode. */
function inPlace(direction: Direction): Came {
  const { to } = sides[direction];
  let inode: number;
  return {
    before: (at) => {
      prepared(direction, { 'big.bin': 'old' })(at);
      inode = statSync(join(to(at), 'big.bin')).ino;
    },
    after: (at) => {
      arrives(direction)(at);
      expect(statSync(join(to(at), 'big.bin')).ino).toBe(inode);
    },
  };
}

/** A file of holes, larger than what is free. */
function huge(direction: Direction): (at: Sides) => void {
  const { from } = sides[direction];
  return (at) => {
    write(from(at), { 'huge.bin': '' });
    const { bavail, bsize } = statfsSync(from(at));
    truncateSync(join(from(at), 'huge.bin'), bavail * bsize + 1e12);
  };
}

/** What becomes of a name that is taken, where nobody said it before. */
const asked: readonly Row[] = (['get', 'put'] as const).flatMap((command) => {
  const { to, part } = sides[command];
  const before = prepared(command, { 'big.bin': 'old' });
  const question = /big\.bin is there already: .*overwrite, rename, skip\? \[.*\] $/;
  const old = (at: Sides): void => expect(read(to(at), 'big.bin')).toBe('old');
  return [
    row(`${command} big.bin`, { before, answers: [[question, 'o\r']], after: arrives(command) }),
    row(`${command} big.bin`, {
      before,
      answers: [[question, 'n\r']],
      after: (at) => {
        arrives(command, 'big.bin.new')(at);
        old(at);
      },
    }),
    row(`${command} big.bin`, { before, answers: [[question, 's\r']], shows: /skipped/, after: old }),
    row(`${command} big.bin`, { before, answers: [[question, '\u0003']], fails: /cancelled/, after: old }),
    row(`${command} big.bin`, {
      before: prepared(command, { [part]: begun }),
      answers: [[/resume at 33 % \(100 of 300 KB\), overwrite.*\] $/, 'r\r']],
      after: arrives(command),
    }),
    row(`${command} --resume big.bin`, {
      before: prepared(command, { [part]: wrong }),
      answers: [[/differ from the source: restart, stop\? \[.*\] $/, 'r\r']],
      after: arrives(command),
    }),
    row(`${command} big.bin`, {
      before: prepared(command, { 'big.bin': big }),
      shows: /already there, MD5 equal/,
      after: arrives(command),
    }),
  ];
});

const targets: readonly Row[] = [
  row('get notes.txt other.txt', { after: ({ here }) => expect(read(here, 'other.txt')).toBe('notes') }),
  row('get notes.txt photos', { after: ({ here }) => expect(read(here, 'photos/notes.txt')).toBe('notes') }),
  row('get notes.txt -', { fails: /^plim: a file's byte/ }),
  row('put report.txt other.txt', { after: ({ there }) => expect(read(there, 'other.txt')).toBe('report') }),
  row('put report.txt docs/', {
    after: ({ there }) => expect(read(there, 'docs/report.txt')).toBe('report'),
  }),
  row('mget notes.txt docs/?.txt', {
    after: ({ here }) =>
      expect(names(here)).toEqual(['.mine', 'a.txt', 'b.txt', 'notes.txt', 'photos', 'report.txt']),
  }),
  row('mput *.txt photos/1.jpg', {
    after: ({ there }) => {
      expect(read(there, 'report.txt')).toBe('report');
      expect(existsSync(join(there, '1.jpg'))).toBe(true);
    },
  }),
];

/** Rows about files that move. */
export const transferRows: readonly Row[] = [
  ...rowsOf('get'),
  ...rowsOf('put'),
  ...rowsOfRelative('mget', 'get'),
  ...rowsOfRelative('mput', 'put'),
  row('reget big.bin', resumes('get')),
  ...rowsOfRelative('reget', 'get'),
  row('reput big.bin', resumes('put')),
  ...rowsOfRelative('reput', 'put'),
  ...asked,
  ...targets,
];

/** Where nobody can hash at the server: what is told of it, and what becomes of a part that nobody can compare. */
export const unhashedRows: readonly Row[] = (['get', 'put'] as const).flatMap((command) => {
  const only = ['OpenSSH without a shell'] as const;
  const { to, part } = sides[command];
  const before = prepared(command, { [part]: begun });
  const after = arrives(command);
  return [
    row(`${command} big.bin`, { only, before: prepared(command), shows: /not verified/, after }),
    row(`${command} --verify md5 big.bin`, {
      only,
      before: prepared(command),
      fails: /not verified|cannot hash/,
    }),
    row(`${command} --resume --on-unknown resume big.bin`, {
      only,
      before,
      shows: /100 KB were there/,
      after,
    }),
    row(`${command} --resume --on-unknown restart big.bin`, { only, before, after }),
    row(`${command} --resume --on-unknown fail big.bin`, {
      only,
      before,
      fails: /the server cannot hash, so nobody knows/,
      after: (at) => expect(read(to(at), part)).toBe(begun.toString('latin1')),
    }),
    row(`${command} --resume big.bin`, {
      only,
      before,
      answers: [[/continue, restart, stop\? \[.*\] $/, 'c\r']],
      shows: /100 KB were there/,
      after,
    }),
    row('hash notes.txt', { only, fails: /no MD5.*--read/ }),
    row('hash --read notes.txt', { only, shows: /[0-9a-f]{32} {2}notes/ }),
    row('verify --read notes.txt report.txt', { only, fails: /MD5 differs/ }),
  ];
});
