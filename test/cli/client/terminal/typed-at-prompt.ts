import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Person } from '../pty.js';
import { freshFiles, type Row, type SiteName } from './row.js';
import { rows } from './rows.js';
import { openSite, type Site } from './site.js';

const prompt = /plim> $/;
/** A sentence that a failure is told with. */
const failure = /^plim: /m;

function rowsFor(site: Site['site']): readonly Row[] {
  return rows.filter(({ only = ['plimsoll', 'OpenSSH'] }) => only.includes(site));
}

/** One session of that server, in which all rows are typed one after the other. */
export function typedAtPromptOf(name: SiteName): void {
  let site: Site;
  let person: Person;
  const sit = (...args: readonly string[]): Person =>
    Person.at(args, {
      cwd: site.here,
      columns: 200,
      env: { HOME: site.work, XDG_CONFIG_HOME: join(site.work, 'config'), SHELL: '/bin/sh' },
    });
  /** All that is written until it is. */
  const until = async (who: Person, pattern: RegExp): Promise<string> => {
    const { input, index, 0: found } = await who.sees(pattern);
    return input.slice(0, index + found.length);
  };

  beforeAll(async () => {
    site = await openSite(name);
    freshFiles(site);
    person = sit('-i', site.keyFile, `${site.user}@127.0.0.1:${site.port}`);
  });
  afterAll(async () => {
    await person.gone();
    await site.stop();
  });

  it('asks about the host key, which it shows, and tells who came where', async () => {
    const asked = await until(person, /\? .*$/);
    expect(asked).toContain(site.fingerprint);
    person.types('yes\r');
    const greeting = await until(person, prompt);
    expect(greeting).toMatch(new RegExp(`account +${site.user}[^]*home +${site.home}\\s[^]*notes\\.txt`));
    expect(readFileSync(join(site.work, 'config/plim/known_hosts'), 'utf8')).toContain('ssh-ed25519');
  });

  it.each(rowsFor(name).map((row) => [row.typed.join('; '), row] as const))('%s', async (_typed, row) => {
    freshFiles(site);
    row.before?.(site);
    let shown = '';
    for (const line of row.typed) {
      person.types(`${line}\r`);
      for (const [asked, keys] of row.answers ?? []) {
        shown += await until(person, asked);
        person.types(keys);
      }
      shown += await until(person, prompt);
    }
    shown = shown.replace(/\r+\n?/g, '\n');
    if (row.shows) expect(shown).toMatch('source' in row.shows ? row.shows : row.shows[name]);
    if (row.fails) expect(/^plim: [^]*/m.exec(shown)?.[0] ?? shown).toMatch(row.fails);
    else expect(shown).not.toMatch(failure);
    row.after?.(site, shown);
  });

  it('is left by quit, bye and exit', async () => {
    person.types('quit\r');
    expect(await person.leaves()).toBe(0);
    for (const word of ['bye', 'exit']) {
      const again = sit('-i', site.keyFile, '--quiet', `${site.user}@127.0.0.1:${site.port}`);
      expect(await until(again, prompt)).toBe('plim> ');
      again.types(`${word}\r`);
      expect(await again.leaves()).toBe(0);
    }
  });
}
