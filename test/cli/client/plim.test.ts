import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../../interop/server.js';
import { freshHome, plimOn } from './in-process.js';

let server: TestServer;
let place: string;

beforeAll(async () => {
  server = await startServer();
  await server.plimsoll(['user', 'set', 'alice', '--password-stdin'], 'right password');
  place = `alice@127.0.0.1:${server.port}`;
});
afterAll(() => server.stop());

/** A person whose key the server knows, and who knows the server. */
function acquainted(env: Readonly<Record<string, string>> = {}) {
  const home = freshHome();
  const plim = plimOn({ home, env });
  return {
    home,
    plim: (...words: readonly string[]) => plim(['-i', server.keyFile, '--accept-new', ...words]),
  };
}

describe('one command', () => {
  it('is run at the server, and its failure decides the exit code', async () => {
    const { plim } = acquainted();
    expect(await plim(place, 'mkdir', 'one')).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(join(server.home('alice'), 'one')).isDirectory()).toBe(true);
    const failed = await plim(place, 'rmdir', 'none');
    expect(failed.status).toBe(4);
    expect(failed.stderr).toMatch(/^plim: .*none.*no such file/);
  });

  it('begins in the folder behind the host, which must be one', async () => {
    const { plim } = acquainted();
    mkdirSync(join(server.home('alice'), 'two/three'), { recursive: true });
    writeFileSync(join(server.home('alice'), 'two/file'), 'x');
    const at = (path: string) => plim('-P', String(server.port), `alice@127.0.0.1:${path}`, 'pwd');
    expect(await at('two/three')).toMatchObject({ stdout: '/two/three\n' });
    expect(await at('/two/../two')).toMatchObject({ stdout: '/two\n' });
    expect(await plim(`sftp://${place}/two`, 'pwd')).toMatchObject({ stdout: '/two\n' });
    expect(await at('four')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('cannot begin in /four') as string,
    });
    expect(await at('two/file')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('it is a file') as string,
    });
  });

  it('carries numbers and JSON', async () => {
    const { plim } = acquainted();
    expect((await plim('--codes', place, 'pwd')).stdout).toBe('200 /\n');
    expect(await plim('--codes', place, 'rmdir', 'x')).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^plim: 404 /) as string,
    });
    const json = await plim('--json', place, 'rmdir', 'x');
    expect(JSON.parse(json.stdout)).toMatchObject({ code: 404, outcome: 'not-found' });
    expect(JSON.parse((await plim('--json', place, 'mkdir', 'json')).stdout)).toMatchObject({
      code: 200,
      outcome: 'done',
    });
  });

  it.each([
    [['lz'], "there is no command 'lz'"],
    [['mkdri', 'x'], "did you mean 'mkdir'?"],
    [['rename', 'one'], 'missing required argument'],
    [['pwd', 'x', 'y'], 'too many arguments'],
    [['ls', '--lnog'], "unknown option '--lnog'"],
    [['ls', '--json'], "unknown option '--json': it is one of plim itself, and stands before the server"],
  ])('%j is wrong usage', async (words, sentence) => {
    const { plim } = acquainted();
    const { status, stdout, stderr } = await plim(place, ...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it('explains a mistyped command before anybody has to log in', async () => {
    const { status, stderr } = await plimOn({ home: freshHome() })(['nobody@127.0.0.1:1', 'gte', 'x']);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: "plim: there is no command 'gte'; did you mean 'get'?\n",
    });
  });

  it('prints its own usage with --help, while -h is an option', async () => {
    const { plim } = acquainted();
    const { status, stdout } = await plim(place, 'df', '--help');
    expect(status).toBe(0);
    for (const word of ['Usage: df', 'Example', 'Exit codes:']) expect(stdout).toContain(word);
    expect((await plim(place, 'df', '-h')).stdout).not.toContain('Usage');
  });
});

describe('a batch', () => {
  it('runs lines from a file or standard input, echoes them, and names the line that fails', async () => {
    const home = freshHome();
    const plim = plimOn({ home, env: { PLIM_PASSWORD: 'right password' } });
    const lines = [
      '# a comment',
      '',
      '@mkdir batch',
      '  cd batch',
      '-rm none',
      '-@rm none',
      'pwd',
      'rmdir none',
      'pwd',
    ];
    const text = lines.join('\r\n');
    const fromInput = await plim(['--accept-new', place], { input: text });
    expect(fromInput).toMatchObject({
      status: 4,
      stdout: 'plim> cd batch\nplim> rm none\nplim> pwd\n/batch\nplim> rmdir none\n',
    });
    const failures = fromInput.stderr.trimEnd().split('\n');
    expect(failures.map((line) => /^plim: line (\d+): r/.exec(line)?.[1])).toEqual(['5', '6', '8']);
    expect(failures[2]).toMatch(/^plim: line 8: rmdir none: .*no such file/);

    writeFileSync(join(home, 'commands'), 'cd batch\npwd\n');
    expect(await plim(['-b', 'commands', place])).toMatchObject({
      status: 0,
      stdout: 'plim> cd batch\nplim> pwd\n/batch\n',
    });
    expect(await plim(['-q', '-b', '-', place], { input: 'pwd' })).toMatchObject({
      status: 0,
      stdout: '/\n',
    });
    expect(await plim(['-b', 'none', place])).toMatchObject({ status: 4 });
    expect(await plim(['-b', 'commands', place, 'ls'])).toMatchObject({ status: 2 });
  });

  it('ends with quit, and with wrong usage as with any failure', async () => {
    const { plim } = acquainted();
    const home = freshHome();
    writeFileSync(join(home, 'b'), 'quit\nmkdir never\n');
    expect(await plim('-b', join(home, 'b'), place)).toMatchObject({ status: 0 });
    writeFileSync(join(home, 'b'), 'ls "open\nmkdir never\n');
    const broken = await plim('-b', join(home, 'b'), place);
    expect(broken.status).toBe(2);
    expect(broken.stderr).toContain('line 1: ls "open: a quote " is not closed');
    expect(() => statSync(join(server.home('alice'), 'never'))).toThrow('ENOENT');
  });

  it('runs local commands, and leaves standard input to the batch', async () => {
    const home = freshHome();
    const plim = plimOn({ home, env: { PLIM_PASSWORD: 'right password' } });
    writeFileSync(join(home, 'b'), `!echo "a  b" > ${home}/out\n`);
    expect(await plim(['--accept-new', '-b', 'b', place])).toMatchObject({ status: 0 });
    expect(readFileSync(join(home, 'out'), 'utf8')).toBe('a  b\n');
    const stolen = await plim([place], { input: 'put - x\npwd\n' });
    expect(stolen.status).not.toBe(0);
    expect(stolen.stderr).toContain('standard input holds the commands');
  });
});

describe('a host key', () => {
  it('is refused where nobody can be asked, with its fingerprint and what to do', async () => {
    const { status, stderr } = await plimOn({ home: freshHome() })([place, 'pwd']);
    expect(status).toBe(8);
    expect(stderr).toMatch(/is not known: ED25519 SHA256:[A-Za-z0-9+/]{43}.*--host-key SHA256:/);
  });

  it('is asked about once, and remembered in our own file', async () => {
    const home = freshHome();
    const plim = plimOn({ home });
    const typed = [place, 'pwd'] as const;
    const first = await plim(['-i', server.keyFile, ...typed], { answers: ['perhaps', 'yes'] });
    expect(first).toMatchObject({ status: 0, stdout: '/\n' });
    expect(first.asked).toHaveLength(2);
    expect(first.stderr).toContain('SHA256:');
    const known = join(home, '.config/plim/known_hosts');
    expect(readFileSync(known, 'utf8')).toContain(`[127.0.0.1]:${server.port} ssh-ed25519 `);
    expect(statSync(known).mode & 0o777).toBe(0o600);
    expect(await plim(['-i', server.keyFile, ...typed])).toMatchObject({ status: 0 });
  });

  it('is not taken when the person says no, or types another fingerprint', async () => {
    for (const answer of ['no', '', 'SHA256:xyz']) {
      const { status } = await plimOn({ home: freshHome() })([place, 'pwd'], { answers: [answer] });
      expect(status, answer).toBe(8);
    }
  });

  it('can be pinned, and one that changed is refused whatever is said', async () => {
    const home = freshHome();
    const plim = plimOn({ home });
    const refused = await plim([place, 'pwd']);
    const [fingerprint = ''] = /SHA256:[A-Za-z0-9+/]{43}/.exec(refused.stderr) ?? [];
    expect(await plim(['-i', server.keyFile, '--host-key', fingerprint, place, 'pwd'])).toMatchObject({
      status: 0,
    });
    const other = `SHA256:${'A'.repeat(43)}`;
    expect(await plim(['--host-key', other, place, 'pwd'])).toMatchObject({ status: 8 });
    mkdirSync(join(home, '.ssh'));
    const key = readFileSync(`${server.keyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(join(home, '.ssh/known_hosts'), `[127.0.0.1]:${server.port} ${key}\n`);
    const changed = await plim(['--accept-new', '-i', server.keyFile, place, 'pwd'], { answers: ['yes'] });
    expect(changed.status).toBe(8);
    expect(changed.asked).toEqual([]);
    expect(changed.stderr.match(/SHA256:/g)).toHaveLength(2);
  });
});

describe('a password', () => {
  const known = ['--accept-new'];

  it('is asked for, again while it is wrong, and never shown', async () => {
    const plim = plimOn({ home: freshHome() });
    const asked = await plim([...known, place, 'pwd'], { answers: ['wrong', 'right password'] });
    expect(asked).toMatchObject({ status: 0, stdout: '/\n' });
    expect(asked.asked).toEqual(Array(2).fill(`${place}'s password: `));
    expect(await plim([...known, place, 'pwd'], { answers: ['1', '2', '3', '4'] })).toMatchObject({
      status: 3,
    });
  });

  it('comes from PLIM_PASSWORD, or from -p with -s and a warning; else it says what to do', async () => {
    const home = freshHome();
    const fromEnv = plimOn({ home, env: { PLIM_PASSWORD: 'right password' } });
    expect(await fromEnv([...known, place, 'pwd'])).toMatchObject({ status: 0, stderr: '' });
    const plim = plimOn({ home });
    const nobody = await plim([place, 'pwd']);
    expect(nobody.status).toBe(3);
    expect(nobody.stderr).toContain('set PLIM_PASSWORD');
    const words = ['-s', '127.0.0.1', '-P', String(server.port), '-u', 'alice', '-p', 'right password'];
    const old = await plim([...words, 'pwd']);
    expect(old).toMatchObject({ status: 0, stdout: '/\n' });
    expect(old.stderr).toContain('others on this machine can see a password');
    expect(old.stderr).not.toContain('right password');
    // Who knows sftp's -p does not give away the place for a password.
    expect(await plim(['-p', place])).toMatchObject({ status: 2 });
  });
});

describe('without a place', () => {
  it('asks for host, user and password', async () => {
    const plim = plimOn({ home: freshHome() });
    const answers = [`127.0.0.1:${server.port}`, 'alice', 'right password'];
    const talk = await plim(['--accept-new'], { answers, input: 'pwd\n' });
    expect(talk).toMatchObject({ status: 0, stdout: 'plim> pwd\n/\n' });
    expect(talk.asked).toEqual(['Host: ', 'User: ', `${place}'s password: `]);
  });

  it('goes to the profile default, and says what to do where there is none', async () => {
    const home = freshHome();
    const plim = plimOn({ home });
    const nowhere = await plim([]);
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toContain('where to?');
    await plim(['profile', 'add', 'default', place, '--key', server.keyFile, '--accept-new']);
    expect(await plim([], { input: 'pwd\n' })).toMatchObject({ status: 0, stdout: 'plim> pwd\n/\n' });
  });

  it('explains itself without a server', async () => {
    const plim = plimOn({ home: freshHome() });
    expect((await plim(['help'])).stdout).toContain('mkdir');
    expect((await plim(['help', 'get'])).stdout).toContain('Exit codes:');
    expect((await plim(['codes'])).stdout).toContain('404');
    expect(await plim(['version'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('0.0.0-test') as string,
    });
    expect(await plim(['--version'])).toMatchObject({ status: 0, stdout: '0.0.0-test\n' });
  });
});

describe('a log and a lock', () => {
  it('has a line of JSON for what happens, and no secret', async () => {
    const home = freshHome();
    const plim = plimOn({ home, env: { PLIM_PASSWORD: 'right password' } });
    await plim(['--accept-new', '--log', 'log', '--log-level', 'debug', place, 'pwd']);
    await plim(['--log', 'log', place, 'rmdir', 'no\nne']);
    const text = readFileSync(join(home, 'log'), 'utf8');
    expect(statSync(join(home, 'log')).mode & 0o777).toBe(0o600);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) {
      expect(Object.keys(line).slice(0, 3)).toEqual(['time', 'level', 'event']);
    }
    const events = lines.map(({ event }) => event);
    expect(events.filter((event) => event === 'started')).toHaveLength(2);
    for (const event of ['connecting', 'logged-in', 'result', 'fault', 'ended', 'debug'])
      expect(events).toContain(event);
    expect(lines.find(({ event }) => event === 'fault')).toMatchObject({ level: 'error', code: 404 });
    expect(text).not.toContain('right password');
    expect(await plim(['--log', 'log', '--log-level', 'loud', place])).toMatchObject({ status: 2 });
    expect(await plim(['--log', 'no/such/folder', place, 'pwd'])).toMatchObject({ status: 1 });
  });

  it('ends with 1 where another process holds the lock', async () => {
    const { home, plim } = acquainted();
    const lock = join(home, 'lock');
    expect(await plim('--lock', lock, place, 'pwd')).toMatchObject({ status: 0 });
    expect(() => statSync(lock)).toThrow('ENOENT');
    const holder = { pid: 1, host: 'elsewhere', since: 1, id: crypto.randomUUID() };
    writeFileSync(lock, JSON.stringify(holder));
    const second = await plim('--lock', lock, place, 'mkdir', 'locked-out');
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('another plim holds');
    expect(() => statSync(join(server.home('alice'), 'locked-out'))).toThrow('ENOENT');
  });
});

it('ends with 130 when it is interrupted', async () => {
  const interrupt = new AbortController();
  interrupt.abort();
  const plim = plimOn({ home: freshHome(), env: { PLIM_PASSWORD: 'right password' } });
  const talk = await plim(['--accept-new', place, 'pwd'], { interrupt: interrupt.signal });
  expect(talk).toMatchObject({ status: 130, stdout: '' });
});

it('says which port nobody listens on, with exit code 8', async () => {
  const talk = await plimOn({ home: freshHome() })(['--accept-new', 'alice@127.0.0.1:1', 'pwd']);
  expect(talk.status).toBe(8);
  expect(talk.stderr).toContain('127.0.0.1:1');
});
