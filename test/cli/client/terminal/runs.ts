import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { names, read, write, type SiteName } from './row.js';
import type { Site } from './site.js';

/** `plim` as it is typed at a shell's prompt, and what must come of it. */
export interface Run {
  /**
   * The words behind `plim`, one line after the other by the same person. PLACE, HOST, PORT, USER, PASSWORD, KEY, FINGERPRINT
   * and JUMP stand for those of the server. LOGIN is what logs in without a question.
   */
  readonly typed: readonly string[] | Readonly<Record<'plimsoll' | 'OpenSSH', readonly string[]>>;
  /** @param jump the place JUMP */
  readonly before?: (site: Site, jump: Site | undefined) => void;
  /** What the last line asks, and what is typed then. */
  readonly answers?: readonly {
    readonly asked: RegExp;
    readonly words: string;
    readonly only?: SiteName;
  }[];
  /** Of the last line; the others end with 0. */
  readonly exit?: number;
  /** Of all that was on the screen. */
  readonly shows?: RegExp;
  readonly after?: (site: Site, shown: string) => void;
  /** Needs OpenSSH's server to go through. */
  readonly jumps?: boolean;
}

export function linesOf({ typed }: Run, site: SiteName): readonly string[] {
  return 'plimsoll' in typed ? typed[site === 'plimsoll' ? 'plimsoll' : 'OpenSSH'] : typed;
}

const knownHosts = (site: Site): string => read(site.work, 'config/plim/known_hosts');
const arrived = ({ there }: Site): void => expect(read(there, 'report.txt')).toBe('report');
const taken = ({ here, there }: Site): void => {
  write(here, { 'report.txt': 'report, and more' });
  write(there, { 'report.txt': 'old' });
};
const data = 'p'.repeat(60_000);
const slowly = {
  before: ({ here }: Site) => write(here, { 'slow.txt': data }),
  shows: /60 KB in (0\.[3-9]|[1-9])/,
  after: ({ there }: Site) => expect(read(there, 'slow.txt')).toBe(data),
} as const;

/** Who is logged in where, and by which key of the host. */
const reaching: readonly Run[] = [
  {
    // OpenSSH's server takes no password here: the warning is the same, and the key logs in.
    typed: {
      plimsoll: ['--accept-new -s HOST -P PORT -u USER -p PASSWORD put report.txt'],
      OpenSSH: ['--accept-new -s HOST -P PORT -u USER -p PASSWORD -i KEY put report.txt'],
    },
    shows: /others on this machine can see a password/,
    after: (site, shown) => {
      arrived(site);
      expect(shown).not.toContain('a-long-password');
      expect(knownHosts(site)).toContain(`[127.0.0.1]:${site.port} ssh-ed25519 `);
    },
  },
  {
    typed: [
      '--server HOST --port PORT --user USER --password PASSWORD --identity KEY --ssh-config none ' +
        '--set StrictHostKeyChecking=accept-new --bandwidth 800000 --terse --verbose --batch batch.txt',
    ],
    before: ({ here }) => write(here, { 'batch.txt': '# to send\nmkdir made\nput report.txt made\n' }),
    shows: /debug: /,
    after: ({ there }) => expect(read(there, 'made/report.txt')).toBe('report'),
  },
  {
    typed: ['LOGIN -b batch.txt PLACE'],
    before: ({ here }) =>
      write(here, { 'batch.txt': '-rm nowhere\nput report.txt\nrm nowhere\nmkdir never\n' }),
    exit: 4,
    shows: /plim> put report\.txt[^]*plim: line 3: rm nowhere/,
    after: (site) => {
      arrived(site);
      expect(existsSync(join(site.there, 'never'))).toBe(false);
    },
  },
  {
    typed: ['-i KEY --host-key FINGERPRINT --quiet PLACE put report.txt'],
    after: (site, shown) => {
      arrived(site);
      expect(shown).toBe('');
      expect(existsSync(join(site.work, 'config/plim/known_hosts'))).toBe(false);
    },
  },
  {
    typed: [`-i KEY --host-key SHA256:${'A'.repeat(43)} PLACE put report.txt`],
    exit: 8,
    shows: /SHA256:/,
    after: ({ there }) => expect(existsSync(join(there, 'report.txt'))).toBe(false),
  },
  {
    typed: [
      '-F ssh.config -o StrictHostKeyChecking=accept-new -J JUMP files put report.txt',
      '-F ssh.config --jump JUMP files mkdir made',
    ],
    jumps: true,
    before: ({ here, port, user, keyFile }, jump) =>
      write(here, {
        'ssh.config':
          `Host files\n  HostName 127.0.0.1\n  Port ${port}\n  User ${user}\n  IdentityFile ${keyFile}\n` +
          `Host 127.0.0.1\n  IdentityFile ${jump?.keyFile ?? 'none'}\n`,
      }),
    after: (site) => {
      arrived(site);
      expect(names(site.there)).toContain('made');
      expect(knownHosts(site).trim().split('\n')).toHaveLength(site.site === 'plimsoll' ? 2 : 1);
    },
  },
];

/** What is said of it, where, and how much, and what becomes of what is there. */
const telling: readonly Run[] = [
  {
    typed: ['LOGIN --json --rename PLACE put report.txt'],
    before: taken,
    after: ({ there }, shown) => {
      expect([read(there, 'report.txt'), read(there, 'report.txt.new')]).toEqual(['old', 'report, and more']);
      expect(JSON.parse(shown)).toMatchObject({ command: 'put', outcome: 'renamed', size: 16 });
    },
  },
  {
    typed: ['LOGIN --codes --skip PLACE put report.txt'],
    before: taken,
    shows: /^\d{3} report\.txt: skipped/m,
    after: ({ there }) => expect(read(there, 'report.txt')).toBe('old'),
  },
  {
    typed: ['LOGIN -q -v -l 800 PLACE put slow.txt'],
    ...slowly,
    after: (site, shown) => {
      slowly.after(site);
      expect(shown).toContain('debug: ');
      expect(shown).not.toContain('100%');
    },
  },
  {
    typed: ['LOGIN --progress plain --limit 100KB --resume --on-mismatch restart PLACE put slow.txt'],
    ...slowly,
    before: (site) => {
      slowly.before(site);
      write(site.there, { 'slow.txt.filepart': 'begun by another' });
    },
    after: (site, shown) => {
      slowly.after(site);
      expect(shown).toMatch(/slow\.txt: 100%/);
    },
  },
  {
    typed: ['LOGIN --resume --on-mismatch fail PLACE put report.txt'],
    before: ({ there }) => write(there, { 'report.txt.filepart': 'rex' }),
    exit: 7,
    shows: /differ from the source/,
    after: ({ there }) => expect(read(there, 'report.txt.filepart')).toBe('rex'),
  },
  {
    typed: [
      'LOGIN --log plim.log --log-level debug --lock plim.lock --retries 1 --timeout 20 --jobs 2 ' +
        '--overwrite --verify sha256 PLACE put -r photos',
      'LOGIN --lock held.lock PLACE mkdir never',
    ],
    before: ({ here, there }) => {
      write(there, { 'photos/1.jpg': 'old' });
      write(here, {
        'held.lock': JSON.stringify({ pid: 1, host: 'elsewhere', since: 1, id: crypto.randomUUID() }),
      });
    },
    exit: 1,
    shows: /SHA256 here (\w{64}) there \1[^]*another plim holds \S*held\.lock/,
    after: ({ here, there }) => {
      expect([read(there, 'photos/1.jpg'), read(there, 'photos/more/2.jpg')]).toEqual(['1', '22']);
      expect(existsSync(join(here, 'plim.lock'))).toBe(false);
      expect(existsSync(join(there, 'never'))).toBe(false);
      const log = readFileSync(join(here, 'plim.log'), 'utf8').trim().split('\n');
      const events = log.map((line) => (JSON.parse(line) as { readonly event: string }).event);
      expect(events).toEqual(expect.arrayContaining(['started', 'logged-in', 'debug', 'ended']));
    },
  },
];

const profiles: readonly Run[] = [
  {
    typed: [
      'profile add default HOST --user USER --port PORT --key KEY --path docs --accept-new',
      'default: put report.txt',
      '-b batch.txt',
    ],
    before: ({ here }) => write(here, { 'batch.txt': 'mkdir made' }),
    after: ({ there }) => {
      expect(read(there, 'docs/report.txt')).toBe('report');
      expect(names(there, 'docs')).toContain('made');
    },
  },
  {
    typed: {
      plimsoll: ['--accept-new'],
      OpenSSH: ['--accept-new -i KEY'],
    },
    answers: [
      { asked: /Host: $/, words: 'HOST:PORT' },
      { asked: /User: $/, words: 'USER' },
      { asked: /password: $/, words: 'PASSWORD', only: 'plimsoll' },
      { asked: /plim> $/, words: 'put report.txt' },
      { asked: /plim> $/, words: 'quit' },
    ],
    shows: /home +\//,
    after: arrived,
  },
];

export const runs: readonly Run[] = [...reaching, ...telling, ...profiles];

/** Those that no server is needed for. */
export const offlineRuns: readonly Run[] = [
  { typed: ['--version'], shows: /^\d+\.\d+\.\d+\s*$/ },
  { typed: ['--help'], shows: /--accept-new[^]*profile add[^]*Exit codes/ },
  { typed: ['help get'], shows: /--resume[^]*Exit codes/ },
  { typed: ['codes'], shows: /404 +not-found/ },
  { typed: ['version'], shows: /^\d+\.\d+\.\d+\s*$/ },
  {
    typed: [
      'profile add work alice@files.example:2222 --path docs --jobs 2',
      'profile list',
      'profile show work',
      'profile remove work',
      'profile show work',
    ],
    exit: 4,
    shows: /added work[^]*work +alice@files\.example:2222 +docs[^]*jobs: 2[^]*removed work/,
    after: ({ work }) => {
      expect(statSync(join(work, 'config/plim/profiles.json')).mode & 0o777).toBe(0o600);
    },
  },
];
