import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing.js';
import { startSshd, withoutSshd, type Sshd } from '../../client/sshd.js';
import { missing, run } from '../../interop/programs.js';
import { Person, plim, type PersonOptions } from './pty.js';

const megabyte = 1_000_000;
const big = Buffer.alloc(3 * megabyte, 'big and slow ');
const prompt = /plim> $/;

let server: TestServer;
let work: string;
const people: Person[] = [];
beforeAll(async () => {
  server = await startTestServer({
    files: {
      '/my file.txt': 'spaces',
      '/notes.txt': 'notes',
      '/big.bin': big,
      '/empty': '',
      '/evil\u001b[2J\u0007': 'steers',
      '/tree/one': Buffer.alloc(100_000, '1'),
      '/tree/deep/two': Buffer.alloc(200_000, '2'),
      '/tree/deep/three': '',
    },
  });
  work = mkdtempSync(join(tmpdir(), 'plim-shell-'));
});
afterAll(async () => {
  for (const person of people) await person.gone();
  await server.close();
  rmSync(work, { recursive: true });
});
afterEach(() => server.faults.clear());

function options(more: Partial<PersonOptions> = {}): PersonOptions {
  return {
    cwd: work,
    ...more,
    env: { HOME: work, XDG_CONFIG_HOME: join(work, 'config'), ...more.env },
  };
}

function person(args: readonly string[], more: Partial<PersonOptions> = {}): Person {
  const made = Person.at(args, options(more));
  people.push(made);
  return made;
}

/** Somebody whose password and host key need no questions, at the prompt. */
async function atPrompt(more: Partial<PersonOptions> = {}): Promise<Person> {
  const made = person(['--accept-new', `alice@127.0.0.1:${server.port}`], {
    ...more,
    env: { PLIM_PASSWORD: 'secret', ...more.env },
  });
  await made.sees(prompt);
  return made;
}

const historyFile = (config: string): string => join(work, config, 'plim', 'history');

describe.skipIf(missing('python3'))('a person at the prompt', () => {
  it('answers for the host key and the password, sees who and where, and leaves', async () => {
    const alice = person([`alice@127.0.0.1:${server.port}`]);
    await alice.sees(new RegExp(server.fingerprint.replace(/[+/]/g, '\\$&')));
    await alice.sees(/\? .*$/);
    alice.types('yes\r');
    await alice.sees(/password: $/i);
    alice.types('secret\r');
    await alice.sees(prompt);
    expect(alice.screen).toMatch(/account +alice/);
    expect(alice.screen).toMatch(/role +user/);
    expect(alice.screen).toMatch(/used +3\.3 MB of 100 MB/);
    expect(alice.screen).toMatch(/last login/);
    expect(alice.screen).toMatch(/home +\/$/m);
    expect(alice.screen).toContain('my file.txt');
    expect(alice.screen).toContain('evil\\x1b[2J');
    expect(alice.raw).not.toContain('secret');
    expect(alice.raw).not.toContain('\u001b[2J');
    alice.types('quit\r');
    expect(await alice.leaves()).toBe(0);
    expect(readFileSync(historyFile('config'), 'utf8')).toBe('quit\n');

    const again = person([`alice@127.0.0.1:${server.port}`], { env: { PLIM_PASSWORD: 'secret' } });
    await again.sees(prompt);
    expect(again.screen).not.toContain(server.fingerprint);
    again.presses('Ctrl-D');
    expect(await again.leaves()).toBe(0);
  });

  it('finds earlier lines by arrow up, in the next run too, but none that began with a space', async () => {
    const env = { XDG_CONFIG_HOME: join(work, 'other') };
    const first = await atPrompt({ env });
    for (const line of ['pwd', ' pwd # not to be kept', 'lpwd']) {
      first.types(`${line}\r`);
      await first.sees(prompt);
    }
    first.presses('Up');
    await first.sees(/lpwd$/);
    first.presses('Up');
    await first.sees(/pwd$/);
    expect(first.line).toBe('plim> pwd');
    first.presses('Ctrl-C', 'Ctrl-D');
    expect(await first.leaves()).toBe(0);
    expect(readFileSync(historyFile('other'), 'utf8')).toBe('pwd\nlpwd\n');
    expect(statSync(historyFile('other')).mode & 0o777).toBe(0o600);

    const second = await atPrompt({ env });
    second.presses('Up', 'Up', 'Enter');
    await second.sees(prompt);
    expect(second.screen).toMatch(/plim> pwd\n.*\/.*\nplim>$/);
  });

  it('leaves by Ctrl-C twice, the first of which clears the line', async () => {
    const alice = await atPrompt();
    alice.types('rm everything');
    await alice.sees(/everything$/);
    alice.presses('Ctrl-C');
    await alice.sees(/\^C\s+plim> $/);
    alice.types('!echo alive\r');
    await alice.sees(/^alive\s+plim> $/m);
    alice.presses('Ctrl-C');
    await alice.sees(/\^C\s+(.*\s+)?plim> $/);
    alice.presses('Ctrl-C');
    expect(await alice.leaves()).toBe(0);
    expect(readFileSync(historyFile('config'), 'utf8')).not.toContain('everything');
  });
});

describe.skipIf(missing('python3'))('one session', () => {
  // Each test finds the prompt and leaves it.
  let alice: Person;
  beforeAll(async () => {
    alice = await atPrompt();
  });

  it('has commands, and names of both sides, completed by Tab', async () => {
    mkdirSync(join(work, 'local folder'));
    writeFileSync(join(work, 'local folder', 'inner.txt'), 'from here');
    alice.types('reg\t');
    await alice.sees(/reget $/);
    alice.presses('Ctrl-U');
    alice.types('get my\t');
    await alice.sees(/"my file.txt" $/);
    expect(alice.line).toBe('plim> get "my file.txt"');
    alice.presses('Enter');
    await alice.sees(prompt);
    expect(readFileSync(join(work, 'my file.txt'), 'utf8')).toBe('spaces');

    alice.types('put lo\t');
    await alice.sees(/put "local folder\/$/);
    alice.presses('Tab');
    await alice.sees(/inner.txt" $/);
    alice.presses('Enter');
    await alice.sees(prompt);
    expect((await server.read('/inner.txt')).toString()).toBe('from here');

    alice.types('get ');
    alice.presses('Tab');
    await alice.sees(/big\.bin +.*plim> get $/s);
    expect(alice.screen).toContain('evil\\x1b[2J\\x07');
    expect(alice.line).toBe('plim> get');
    alice.types('tr\t');
    await alice.sees(/tree\/$/);
  });

  it('types on while the server is slow to say what Tab would complete', async () => {
    // Nothing listed earlier is left.
    alice.types('pwd\r');
    await alice.sees(prompt);
    server.faults.stall();
    alice.types('get my\t');
    alice.types('-own-name');
    await alice.sees(/get my-own-name$/);
    server.faults.resume();
    alice.presses('Ctrl-U');
    alice.types('pwd\r');
    await alice.sees(/pwd\s+.*\/\s+plim> $/);
    expect(alice.screen.split('\n').slice(-3)).toEqual(['plim> pwd', '/', 'plim>']);
  });

  it('runs local commands, comments and lines whose failure does not matter', async () => {
    alice.types('!echo hi $((40 + 2))\r');
    await alice.sees(/^hi 42\s+plim> $/m);
    alice.types('# ls nowhere\r');
    await alice.sees(prompt);
    alice.types('-rm nowhere\r');
    await alice.sees(/nowhere.*no such.*\s+plim> $/);
    alice.types('unknown\r');
    await alice.sees(/no command 'unknown'.*\s+plim> $/);
    alice.types('!\r');
    await alice.sees(/[#$%] $/);
    alice.types('echo in-a-shell; exit\r');
    await alice.sees(/^in-a-shell\s+plim> $/m);
  });

  it('pastes several lines at once, and each is run behind the other', async () => {
    alice.types('lpwd\r!echo second\r!echo th');
    await alice.sees(/^second\s+plim> !echo th$/m);
    alice.types('ird\r');
    await alice.sees(/^third\s+plim> $/m);
    const lines = alice.screen.split('\n');
    expect(lines.filter((line) => line.startsWith('plim> ')).slice(-3)).toEqual([
      'plim> lpwd',
      'plim> !echo second',
      'plim> !echo third',
    ]);
  });

  it('ends a transfer by Ctrl-C and not the shell, and goes on with it later', async () => {
    server.faults.slow({ bytesPerSecond: 2 * megabyte });
    alice.types('get big.bin\r');
    await alice.sees(/big\.bin.* [1-9]\d?%.*\/s/);
    alice.presses('Ctrl-C');
    await alice.sees(prompt);
    server.faults.clear();
    expect(existsSync(join(work, 'big.bin'))).toBe(false);
    expect(statSync(join(work, 'big.bin.part')).size).toBeGreaterThan(0);
    expect(statSync(join(work, 'big.bin.part')).size).toBeLessThan(big.length);
    alice.types('get --resume big.bin\r');
    await alice.sees(/100%[^]*plim> $/);
    expect(readFileSync(join(work, 'big.bin')).equals(big)).toBe(true);
  });

  it('has the prompt back although a server that is silent keeps the command waiting', async () => {
    rmSync(join(work, 'big.bin'));
    server.faults.slow({ bytesPerSecond: megabyte });
    alice.types('get big.bin\r');
    await alice.sees(/big\.bin.* [1-9]\d?%/);
    server.faults.stall();
    alice.presses('Ctrl-C');
    await alice.sees(/\^C/);
    alice.presses('Ctrl-C');
    await alice.sees(prompt);
    alice.types('!echo alive\r');
    await alice.sees(/^alive\s+plim> $/m);
    expect(existsSync(join(work, 'big.bin'))).toBe(false);
    server.faults.clear();
    alice.types('get notes.txt\r');
    await alice.sees(/notes\.txt.*100%[^]*plim> $/);
    expect(alice.line).toBe('plim>');
  });

  it('is told of a connection that was lost, and has another one for the next command', async () => {
    server.faults.cut();
    // What was typed before it is known would be told as failed.
    alice.types('!echo still here\r');
    await alice.sees(/\nstill here\s+plim> $/);
    alice.types('ls notes.txt\r');
    await alice.sees(/connection lost[^]*\s+notes\.txt\s+plim> $/);
  });

  it('has one number for each answer, and answers to who asked for quiet but wants to know', async () => {
    const alice = person(['--quiet', '--codes', `alice@127.0.0.1:${server.port}`], {
      env: { PLIM_PASSWORD: 'secret' },
    });
    await alice.sees(prompt);
    expect(alice.screen).toBe('plim>');
    for (const line of ['pwd', 'lcd .', 'rm nothing']) {
      alice.types(`${line}\r`);
      await alice.sees(prompt);
    }
    expect(alice.screen).toBe(
      'plim> pwd\n200 /\nplim> lcd .\n200 done\nplim> rm nothing\nplim: 404 rm nothing: no such file or folder\nplim>',
    );
  });

  it('says that a password was wrong before it asks again', async () => {
    const alice = person(['--accept-new', `alice@127.0.0.1:${server.port}`, 'pwd']);
    await alice.sees(/password: $/);
    alice.types('wrong\r');
    await alice.sees(/was not accepted[^]*password: $/);
    alice.types('secret\r');
    expect(await alice.leaves()).toBe(0);
  });

  it('is left by any of its words', async () => {
    alice.types('bye\r');
    expect(await alice.leaves()).toBe(0);
  });
});

describe.skipIf(missing('python3'))('bars', () => {
  it('are drawn and finished, however wide the terminal is at the moment', async () => {
    const alice = await atPrompt({ columns: 80 });
    for (const columns of [80, 30]) {
      alice.resizes(columns, 24);
      await drawn(alice, columns);
    }
  });

  async function drawn(alice: Person, columns: number): Promise<void> {
    const folder = join(work, `on-${columns}`);
    mkdirSync(folder);
    alice.types(`lcd ${folder}\r`);
    await alice.sees(prompt);
    const before = alice.screen.split('\n').length;
    const rows = (): readonly string[] => alice.screen.split('\n').slice(before);
    server.faults.slow({ bytesPerSecond: 6 * megabyte });
    alice.types('get big.bin\r');
    await alice.sees(/big\.bin.* [1-9]\d?%/);
    await alice.sees(prompt);
    server.faults.clear();
    const bars = rows().filter((line) => /^big\.bin.*%/.test(line));
    expect(bars).toHaveLength(1);
    expect(bars[0]).toMatch(
      columns === 80 ? /^big\.bin +\[=+\] +100% +3 MB +.*\/s +00:0\d$/ : /^big\.bin .*100%/,
    );
    expect(bars[0]?.length).toBeLessThan(columns);
    alice.types('get empty\r');
    await alice.sees(/100%[^]*plim> $/);
    expect(readFileSync(join(folder, 'empty'))).toHaveLength(0);
    alice.types('get -r tree\r');
    await alice.sees(/3\/3 files[^]*plim> $/);
    expect(readFileSync(join(folder, 'tree', 'deep', 'two'))).toHaveLength(200_000);
    alice.types('progress\r');
    await alice.sees(prompt);
    alice.types('get notes.txt\r');
    await alice.sees(prompt);
    expect(rows().filter((line) => /notes.*100%/.test(line))).toEqual([]);
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('notes');
    alice.types('progress\r');
    await alice.sees(prompt);
  }

  it('make room for a question', async () => {
    writeFileSync(join(work, 'notes.txt'), 'other notes');
    const alice = await atPrompt();
    alice.types('get notes.txt\r');
    await alice.sees(/overwrite.*skip[^]*$/);
    alice.types('skip\r');
    await alice.sees(prompt);
    expect(readFileSync(join(work, 'notes.txt'), 'utf8')).toBe('other notes');
  });

  it('are plain lines off a terminal, and none unless asked for', async () => {
    const get = (...flags: readonly string[]) => {
      const cwd = mkdtempSync(join(work, 'off-'));
      return run(
        process.execPath,
        [plim, '--accept-new', ...flags, `alice@127.0.0.1:${server.port}`, 'get', 'big.bin'],
        options({ cwd, env: { PLIM_PASSWORD: 'secret' } }),
      );
    };
    const plain = await get('--progress=plain');
    expect(plain).toMatchObject({ status: 0 });
    expect(plain.stderr).toMatch(/^big\.bin: 100%, 3 MB of 3 MB, .*\/s, took 00:0\d$/m);
    expect(plain.stderr).not.toMatch(/\r|\u001b/);
    const none = await get();
    expect(none).toMatchObject({ status: 0 });
    expect(none.stdout + none.stderr).not.toContain('%');
  });
});

describe.skipIf(missing('python3') || withoutSshd())("at OpenSSH's server", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
    writeFileSync(join(sshd.folder, 'my file.txt'), 'from sshd');
    writeFileSync(join(sshd.folder, 'big.bin'), big);
  });
  afterAll(() => sshd.stop());

  it('logs in by key, completes, moves files both ways, and leaves', async () => {
    const here = mkdtempSync(join(work, 'sshd-'));
    const alice = person(['-i', sshd.keyFile, `${sshd.user}@127.0.0.1:${sshd.port}`], { cwd: here });
    await alice.sees(/SHA256:[^]*\? .*$/);
    alice.types('yes\r');
    await alice.sees(prompt);
    expect(alice.screen).toContain(sshd.user);
    expect(alice.screen).toContain('my file.txt');
    alice.types('get m\t');
    await alice.sees(/"my file.txt" $/);
    alice.presses('Enter');
    await alice.sees(/my file.txt.*100%[^]*plim> $/);
    expect(readFileSync(join(here, 'my file.txt'), 'utf8')).toBe('from sshd');
    alice.types('put "my file.txt" copy\r');
    await alice.sees(/100%[^]*plim> $/);
    expect(readFileSync(join(sshd.folder, 'copy'), 'utf8')).toBe('from sshd');
    alice.types('exit\r');
    expect(await alice.leaves()).toBe(0);
  });
});
