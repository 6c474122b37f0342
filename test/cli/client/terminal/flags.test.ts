import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutSshd } from '../../../client/sshd.js';
import { missing } from '../../../interop/programs.js';
import { Person } from '../pty.js';
import { freshFiles, type SiteName } from './row.js';
import { linesOf, offlineRuns, runs, type Run } from './runs.js';
import { openSite, password, type Site } from './site.js';

const opened = new Map<SiteName, Site>();
const servers: readonly SiteName[] = withoutSshd() ? ['plimsoll'] : ['plimsoll', 'OpenSSH'];

describe.skipIf(missing('python3'))('plim, typed at the prompt of a shell,', () => {
  beforeAll(async () => {
    for (const name of servers) opened.set(name, await openSite(name));
  });
  afterAll(async () => {
    for (const site of opened.values()) await site.stop();
  });

  describe.each(servers)('with %s', (name) => {
    it.each(runs.map((run) => [linesOf(run, name).join('; '), run] as const))('%s', async (_typed, run) => {
      if (run.jumps === true && withoutSshd()) return;
      await passes(run, siteNamed(name));
    });
  });

  it.each(offlineRuns.map((run) => [linesOf(run, 'plimsoll').join('; '), run] as const))(
    '%s',
    async (_typed, run) => passes(run, siteNamed('plimsoll')),
  );

  it('gives up after --timeout where nobody answers', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { readonly port: number };
    try {
      const site = siteNamed('plimsoll');
      const run: Run = { typed: [`--timeout 0.2 --retries 0 alice@127.0.0.1:${port} pwd`], exit: 11 };
      await passes(run, site);
    } finally {
      silent.close();
    }
  });
});

function siteNamed(name: SiteName): Site {
  const site = opened.get(name);
  if (!site) throw new Error(`${name} was not started`);
  return site;
}

async function passes(run: Run, site: Site): Promise<void> {
  freshFiles(site);
  rmSync(join(site.work, 'config'), { recursive: true, force: true });
  mkdirSync(join(site.work, 'config'));
  run.before?.(site, opened.get('OpenSSH'));
  const lines = linesOf(run, site.site);
  let all = '';
  for (const [index, line] of lines.entries()) {
    const last = index === lines.length - 1;
    const { exit, shown } = await type(line, site, last ? (run.answers ?? []) : []);
    expect(exit, shown).toBe(last ? (run.exit ?? 0) : 0);
    all += shown;
  }
  if (run.shows) expect(all).toMatch(run.shows);
  run.after?.(site, all);
}

async function type(
  line: string,
  site: Site,
  answers: NonNullable<Run['answers']>,
): Promise<{ readonly exit: number | null; readonly shown: string }> {
  const person = Person.at(wordsOf(line, site), {
    cwd: site.here,
    columns: 200,
    env: { HOME: site.work, XDG_CONFIG_HOME: join(site.work, 'config') },
  });
  try {
    for (const { asked, words, only } of answers) {
      if (only !== undefined && only !== site.site) continue;
      await person.sees(asked);
      person.types(`${wordsOf(words, site).join(' ')}\r`);
    }
    const exit = await person.leaves();
    const shown = person.raw.replace(/\x1b\[[?\d;]*[A-Za-z]|\u0007/g, '').replace(/\r+\n?/g, '\n');
    return { exit, shown };
  } finally {
    await person.gone();
  }
}

function wordsOf(line: string, site: Site): readonly string[] {
  const { user, port, keyFile, fingerprint } = site;
  const jump = opened.get('OpenSSH');
  const meant: Readonly<Record<string, readonly string[]>> = {
    PLACE: [`${user}@127.0.0.1:${port}`],
    HOST: ['127.0.0.1'],
    'HOST:PORT': [`127.0.0.1:${port}`],
    PORT: [String(port)],
    USER: [user],
    PASSWORD: [password],
    KEY: [keyFile],
    FINGERPRINT: [fingerprint],
    JUMP: [jump ? `${jump.user}@127.0.0.1:${jump.port}` : ''],
    LOGIN: ['-i', keyFile, '-F', 'none', '--accept-new'],
  };
  return line
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => meant[word] ?? [word]);
}
