import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runPlim } from '../../../src/cli/client/plim.js';
import type { Streams } from '../../../src/cli/client/state.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { missing } from '../../interop/programs.js';
import { startServer, type TestServer } from '../../interop/server.js';
import { Person } from './pty.js';

const document = readFileSync(new URL('../../../docs/features.md', import.meta.url), 'utf8');
const built = fileURLToPath(new URL('../../../dist/plim.mjs', import.meta.url));

/** The lines of plim in the tables' third column. */
const lines = document
  .split('\n')
  .filter((row) => row.startsWith('|'))
  .map((row) => row.split('|')[3] ?? '')
  .flatMap((cell) => [...cell.matchAll(/`([^`]*\bplim\b[^`]*)`/g)].map(([, line = '']) => line));

interface Came {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What has to be there before a line is run, and what has to be there afterwards. */
interface Check {
  readonly before?: () => void;
  readonly exit?: number;
  readonly after?: (came: Came) => void;
}

let server: TestServer;
let home: string;
/** Where the person is, and what the person's own files are in. */
let here: string;
let own: string;

const big = Buffer.alloc(300_000, 'plimsoll ');
const large = Buffer.alloc(400_000, 'line ');

beforeAll(async () => {
  server = await startServer({ environment: { PLIMSOLL_ANONYMOUS_ENABLED: 'true' } });
  await server.addAccount('boss', '--role', 'admin');
  const passwd = await server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], 'secret\n');
  expect(passwd.stderr).toBe('');
  own = join(server.work, 'own');
  mkdirSync(own);
  home = server.home('alice');
  mkdirSync(home, { recursive: true });
});
afterAll(async () => {
  await server.stop();
});
beforeEach(() => {
  for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true });
  here = mkdtempSync(join(server.work, 'here-'));
  write(home, { 'notes.txt': 'notes', 'big.bin': big, 'docs/a.txt': 'a', 'docs/b.txt': 'bb' });
  mkdirSync(join(home, 'empty'));
});

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), data);
  }
}

const there = (name: string): string => readFileSync(join(home, name), 'latin1');
const mine = (name: string): string => readFileSync(join(here, name), 'latin1');
const names = (folder: string): readonly string[] => readdirSync(folder).sort();
const mode = (name: string): number => statSync(join(home, name)).mode & 0o777;

/** For a line that only says something. */
const says = (what: RegExp): Check => ({
  after: ({ stdout }) => {
    expect(stdout).toMatch(what);
  },
});
/** For one that leaves files at the server. */
const leaves = (wanted: readonly string[], more: Partial<Check> = {}): Check => ({
  ...more,
  after: (came) => {
    expect(names(home)).toEqual(wanted);
    more.after?.(came);
  },
});
const report: Partial<Check> = { before: () => write(here, { 'report.txt': 'report' }) };
const all = ['big.bin', 'docs', 'empty', 'notes.txt'];

const checks: Readonly<Record<string, Check>> = {
  'plim alice@host status': says(/account +alice[^]*role +user[^]*state +active[^]*client +plim/),
  'plim anonymous@host ls': says(/^$/),
  'plim -s host -P 22 -u alice -p PASSWORD pwd': {
    after: ({ stdout, stderr }) => {
      expect(stdout).toBe('/\n');
      expect(stderr).toContain('others on this machine can see a password');
    },
  },
  'plim profile add work alice@host': {
    after: () => {
      expect(readFileSync(join(own, 'config/plim/profiles.json'), 'utf8')).toContain('work');
    },
  },
  'plim work: pwd': says(/^\/\n$/),
  'plim alice@host': {},
  'plim boss+admin@host ls /homes': says(/alice\b[^]*boss/),
  'plim mallory@host pwd': { exit: 3, after: ({ stderr }) => expect(stderr).toContain('login') },
  'plim alice@host pwd': says(/^\/\n$/),
  'node plim.mjs alice@host pwd': says(/^\/\n$/),
  'plim> bye': says(/^/),
  'plim> quit': says(/^/),
  'plim> exit': says(/^/),
  'plim alice@host ls': says(/^big\.bin\s+docs\s+empty\s+notes\.txt\n$/),
  'plim alice@host ls -l docs': says(/-rw\S* .* 1 .*a\.txt\n.* 2 .*b\.txt\n/),
  'plim alice@host dir': says(/notes\.txt/),
  'plim alice@host info': says(/used[^]*100 MB/),
  'plim alice@host df -h': says(/100 MB/),
  'plim alice@host info big.bin': says(/300 KB[^]*md5/i),
  'plim alice@host system': says(/Plimsoll/),
  'plim codes': says(/404[^]*not-found/),
  'plim --codes alice@host pwd': says(/^200 \/\n$/),
  'plim --json alice@host pwd': {
    after: ({ stdout }) => expect(JSON.parse(stdout)).toMatchObject({ code: 200, outcome: 'done' }),
  },
  'plim help get': says(/get[^]*--resume[^]*Exit codes/),
  'plim> help': says(/mget[^]*rmdir/),
  'plim --log plim.log --log-level debug alice@host pwd': {
    after: () => expect(JSON.parse(mine('plim.log').split('\n')[0] ?? '')).toBeTypeOf('object'),
  },
  'plim> cd docs': {},
  'plim> pwd': says(/\/\n/),
  'plim alice@host ls /docs': says(/a\.txt\s+(\/docs\/)?b\.txt/),
  'plim alice@host mkdir new': leaves([...all.slice(0, 3), 'new', 'notes.txt'], {
    after: () => expect(mode('new')).toBe(0o755),
  }),
  'plim alice@host mkdir private 700': { after: () => expect(mode('private')).toBe(0o700) },
  'plim alice@host chmod notes.txt 640': { after: () => expect(mode('notes.txt')).toBe(0o640) },
  'plim alice@host chmod notes.txt': { after: () => expect(mode('notes.txt')).toBe(0o755) },
  'plim alice@host rm notes.txt': leaves(['big.bin', 'docs', 'empty']),
  'plim alice@host rmdir empty': leaves(['big.bin', 'docs', 'notes.txt']),
  'plim alice@host delete notes.txt': leaves(['big.bin', 'docs', 'empty']),
  'plim alice@host delete empty': leaves(['big.bin', 'docs', 'notes.txt']),
  'plim alice@host delete docs': leaves(all, {
    exit: 1,
    after: ({ stderr }) => expect(stderr).toContain('rm -r'),
  }),
  'plim alice@host rename notes.txt old.txt': leaves(['big.bin', 'docs', 'empty', 'old.txt']),
  'plim alice@host mv notes.txt docs': { after: () => expect(there('docs/notes.txt')).toBe('notes') },
  'plim alice@host re notes.txt old.txt': leaves(['big.bin', 'docs', 'empty', 'old.txt']),
  'plim alice@host rename notes.txt big.bin': leaves(all, {
    exit: 9,
    after: () => expect(there('notes.txt')).toBe('notes'),
  }),
  'plim alice@host cp notes.txt copy.txt': { after: () => expect(there('copy.txt')).toBe('notes') },
  'plim alice@host cp -r docs copies': { after: () => expect(there('copies/b.txt')).toBe('bb') },
  'plim alice@host rm missing.txt': leaves(all, {
    exit: 4,
    after: ({ stderr }) => expect(stderr).toContain('missing.txt'),
  }),
  'plim> lcd inbox': { before: () => mkdirSync(join(here, 'inbox')) },
  'plim> lpwd': { after: ({ stdout }) => expect(stdout).toContain(here) },
  'plim> ldir': { ...report, after: ({ stdout }) => expect(stdout).toContain('report.txt') },
  'plim> lls': { ...report, after: ({ stdout }) => expect(stdout).toContain('report.txt') },
  'plim> !touch made-here': { after: () => expect(names(here)).toEqual(['made-here']) },
  'plim alice@host get notes.txt': { after: () => expect(mine('notes.txt')).toBe('notes') },
  'plim alice@host put report.txt': { ...report, after: () => expect(there('report.txt')).toBe('report') },
  'plim alice@host get big.bin here.bin': {
    after: () => {
      expect(names(here)).toEqual(['here.bin']);
      expect(readFileSync(join(here, 'here.bin')).equals(big)).toBe(true);
    },
  },
  'plim alice@host verify notes.txt report.txt': {
    before: () => write(here, { 'report.txt': 'notes' }),
    after: ({ stdout }) => expect(stdout).toMatch(/equal/),
  },
  'plim alice@host put --verify sha256 report.txt': {
    ...report,
    after: ({ stdout }) => {
      expect(stdout).toMatch(/SHA256 here (\w{64}) there \1/);
      expect(there('report.txt')).toBe('report');
    },
  },
  'plim alice@host get --resume big.bin': resumesHere(),
  'plim> reget big.bin': resumesHere(),
  'plim alice@host put --resume large.bin': resumesThere(),
  'plim> reput large.bin': resumesThere(),
  'plim alice@host get --rename notes.txt': {
    before: () => write(here, { 'notes.txt': 'mine' }),
    after: () => expect([mine('notes.txt'), mine('notes.txt.new')]).toEqual(['mine', 'notes']),
  },
  'plim alice@host put notes.txt': leaves(all, {
    before: () => write(here, { 'notes.txt': 'mine' }),
    exit: 9,
    after: () => expect(there('notes.txt')).toBe('notes'),
  }),
  'plim alice@host get -r docs': {
    after: () => expect(names(join(here, 'docs'))).toEqual(['a.txt', 'b.txt']),
  },
  'plim alice@host put -r album': {
    before: () => write(here, { 'album/1.jpg': '1', 'album/more/2.jpg': '2' }),
    after: () => expect(there('album/more/2.jpg')).toBe('2'),
  },
  'plim alice@host put huge.bin': leaves(all, {
    before: () => {
      write(here, { 'huge.bin': '' });
      truncateSync(join(here, 'huge.bin'), 200_000_000);
    },
    exit: 6,
    after: ({ stderr }) => expect(stderr).toMatch(/needs 200 MB, [\d.]+ MB free of 100 MB/),
  }),
  'plim --progress plain alice@host put large.bin': {
    before: () => write(here, { 'large.bin': large }),
    after: ({ stderr }) => {
      expect(stderr).toMatch(/large\.bin: 100%/);
      expect(readFileSync(join(home, 'large.bin')).equals(large)).toBe(true);
    },
  },
  "plim alice@host mget 'docs/*.txt'": { after: () => expect(names(here)).toEqual(['a.txt', 'b.txt']) },
  'plim alice@host mput *.txt': {
    before: () => write(here, { 'x.txt': 'x', 'y.txt': 'y', 'z.bin': 'z' }),
    after: () => expect(names(home)).toEqual([...all, 'x.txt', 'y.txt']),
  },
};

function resumesHere(): Check {
  return {
    before: () => write(here, { 'big.bin.part': big.subarray(0, 200_000) }),
    after: ({ stdout }) => {
      expect(stdout).toContain('200 KB were there');
      expect(readFileSync(join(here, 'big.bin')).equals(big)).toBe(true);
    },
  };
}

function resumesThere(): Check {
  return {
    before: () => {
      write(here, { 'large.bin': large });
      write(home, { 'large.bin.filepart': large.subarray(0, 200_000) });
    },
    after: ({ stdout }) => {
      expect(stdout).toContain('200 KB were there');
      expect(readFileSync(join(home, 'large.bin')).equals(large)).toBe(true);
    },
  };
}

const environment = (): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: own,
  XDG_CONFIG_HOME: join(own, 'config'),
  USER: 'nobody',
});

/** The line's words as the shell makes them, with this server in the place of `host`. */
function wordsOf(line: string): readonly string[] {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const usesServer = !['profile', 'help', 'codes'].includes(words[1] ?? '') || words[2] === 'add';
  return [
    ...(usesServer && words[1] !== 'profile' ? ['-i', server.keyFile, '-F', 'none', '--accept-new'] : []),
    ...words.slice(1).map((word) =>
      word
        .replace(/@host$/, `@127.0.0.1:${server.port}`)
        .replace(/^host$/, '127.0.0.1')
        .replace(/^22$/, String(server.port))
        .replace(/^PASSWORD$/, 'secret'),
    ),
  ];
}

async function plim(words: readonly string[], input = ''): Promise<Came> {
  const out = { stdout: '', stderr: '' };
  const collecting = (name: keyof typeof out): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        out[name] += chunk.toString();
        done();
      },
    });
  const nobody = (): Promise<never> => Promise.reject(new Error('nobody is there to be asked'));
  const terminal: Terminal = {
    present: false,
    shows: false,
    ask: nobody,
    askSecret: nobody,
    confirm: nobody,
    progress: () => undefined,
    interruptible: (work) => work(new AbortController().signal),
    readInput: () => Promise.resolve(input),
  };
  const stdin = new PassThrough().end(input);
  const exit = await runPlim({
    argv: words,
    env: environment(),
    platform: process.platform,
    cwd: here,
    version: '0.0.0-test',
    streams: { stdin, stdout: collecting('stdout'), stderr: collecting('stderr') } as unknown as Streams,
    terminal,
  });
  return { exit, ...out };
}

async function run(line: string): Promise<Came> {
  if (line.startsWith('plim> ')) {
    return plim(wordsOf('plim -q alice@host'), `${line.slice(6)}\n`);
  }
  if (!line.startsWith('node ')) return plim(wordsOf(line));
  copyFileSync(built, join(here, 'plim.mjs'));
  const words = ['plim.mjs', ...wordsOf(line.slice(5))];
  const child = await promisify(execFile)(process.execPath, words, { cwd: here, env: environment() });
  return { exit: 0, ...child };
}

describe('docs/features.md', () => {
  it('has a line for all that is checked here, and a check for each line', () => {
    expect([...new Set(lines)].sort()).toEqual(Object.keys(checks).sort());
  });

  it('has rows of each system', () => {
    for (const system of ['A', 'B', 'C', 'D', 'E']) {
      expect(document).toMatch(new RegExp(`^\\| (?:[A-E] )*${system}(?: [A-E])* `, 'm'));
    }
  });

  it.each(Object.entries(checks).filter(([line]) => line !== 'plim alice@host'))(
    '%s',
    async (line, { before, exit = 0, after }) => {
      before?.();
      const came = await run(line);
      expect(came.exit, came.stderr).toBe(exit);
      after?.(came);
    },
  );

  it.skipIf(missing('python3'))('plim alice@host', async () => {
    const alice = Person.at(wordsOf('plim alice@host'), { cwd: here, env: environment() });
    try {
      await alice.sees(/plim> $/);
      for (const shown of [/account +alice/, /role +user/, /used/, /last login/, /home/, /notes\.txt/]) {
        expect(alice.screen).toMatch(shown);
      }
      alice.types('bye\r');
      expect(await alice.leaves()).toBe(0);
    } finally {
      await alice.gone();
    }
  });
});
