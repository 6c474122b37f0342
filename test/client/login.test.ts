import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthContext, KeyboardAuthContext } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.js';
import type { ConnectOptions, Login, Prompt } from '../../src/client/connection.js';
import { Fault } from '../../src/fault.js';
import { missing, run } from '../interop/programs.js';
import { must } from '../interop/server.js';
import { faultOf, keyFrom, login, options } from './connecting.js';
import { startLoginServer, type LoginServer, type LoginServerOptions } from './login-server.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

/** Connects and ends; how the login was granted. */
async function granted(connecting: ConnectOptions): Promise<string> {
  const connection = await connect(connecting);
  await connection.end();
  return connection.loginMethod;
}

describe.skipIf(withoutSshd() || missing('ssh-agent'))("login with keys, to OpenSSH's server", () => {
  let sshd: Sshd;
  let folder: string;
  let agent: ChildProcess;
  let socket: string;
  /** Made by ssh-keygen; the server takes all of them. */
  const files: Record<string, string> = {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-login-'));
    const authorized = join(folder, 'authorized');
    sshd = await startSshd({ config: [`AuthorizedKeysFile ${authorized}`] });
    const kinds: Readonly<Record<string, readonly string[]>> = {
      locked: ['-t', 'ed25519', '-N', 'secret'],
      ecdsa: ['-t', 'ecdsa', '-N', ''],
      rsa: ['-t', 'rsa', '-b', '2048', '-N', ''],
      sealed: ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'secret'],
      pkcs8: ['-t', 'ecdsa', '-m', 'PKCS8', '-N', ''],
      stranger: ['-t', 'ed25519', '-N', ''],
      lockedStranger: ['-t', 'ed25519', '-N', 'secret'],
    };
    for (const [name, args] of Object.entries(kinds)) {
      files[name] = join(folder, name);
      await must(run('ssh-keygen', ['-q', ...args, '-C', name, '-f', join(folder, name)]));
    }
    const taken = ['locked', 'ecdsa', 'rsa', 'sealed'].map((name) =>
      readFileSync(join(folder, `${name}.pub`)),
    );
    writeFileSync(authorized, Buffer.concat(taken));
    socket = join(folder, 'agent');
    agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(agent.stdout ?? agent, 'data');
  });
  afterAll(async () => {
    agent.kill();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string): string => files[name] ?? '';
  const keys = (...names: readonly string[]): Pick<Login, 'keys'> => ({
    keys: names.map((name) => keyFrom(file(name))),
  });
  const environment = (): { env: NodeJS.ProcessEnv } => ({ env: { ...process.env, SSH_AUTH_SOCK: socket } });

  it.each(['ecdsa', 'rsa'])('takes a key of type %s', async (name) => {
    expect(await granted(options(sshd, login(sshd.user, keys(name))))).toBe('publickey');
    expect(sshd.log()).not.toMatch(/ssh-rsa SHA1|RSA SHA1/);
  });

  it.each(['locked', 'sealed'])('asks for the passphrase of a %s key until it fits', async (name) => {
    const asked: number[] = [];
    const passphrase: Login['passphrase'] = (key, attempt) => {
      expect(key.name).toBe(file(name));
      asked.push(attempt);
      return Promise.resolve(attempt < 2 ? 'wrong' : 'secret');
    };
    await granted(options(sshd, login(sshd.user, { ...keys(name), passphrase })));
    expect(asked).toEqual([0, 1, 2]);
  });

  it('goes on after three passphrases that do not fit', async () => {
    const passphrase: Login['passphrase'] = () => Promise.resolve('wrong');
    const who = login(sshd.user, { ...keys('locked', 'sealed', 'ecdsa'), passphrase });
    expect(await granted(options(sshd, who))).toBe('publickey');
  });

  it('does not ask for the passphrase of a key that the server does not take', async () => {
    const passphrase: Login['passphrase'] = () => Promise.reject(new Error('asked'));
    const who = login(sshd.user, { ...keys('lockedStranger', 'ecdsa'), passphrase });
    expect(await granted(options(sshd, who))).toBe('publickey');
  });

  it('tells which keys were tried, and which could not be', async () => {
    writeFileSync(join(folder, 'garbage'), 'no key at all');
    const who = login(sshd.user, {
      agent: join(folder, 'no-agent'),
      keys: ['stranger', 'pkcs8', 'garbage', 'ecdsa.pub'].map((name) => keyFrom(join(folder, name))),
      password: (attempt) => Promise.resolve(attempt === 0 ? 'wrong' : null),
    });
    const { code, message } = await faultOf(connect(options(sshd, who)));
    expect(code).toBe('login-refused');
    expect(message).toContain(`tried key ${file('stranger')} and password`);
    expect(message).toContain(`key ${file('pkcs8')} cannot be used: keys in PKCS#8 are not supported`);
    expect(message).toContain(`key ${join(folder, 'garbage')} cannot be used: it is of a kind`);
    expect(message).toContain(`key ${file('ecdsa')}.pub cannot be used: this is a public key`);
    expect(message).toContain('no keys from the agent');
    expect(message).toMatch(/the server takes publickey, password/);
  });

  it('uses the keys of an agent, first those that were named as files', async () => {
    await must(run('ssh-add', ['-q', file('stranger')], environment()));
    await must(run('ssh-add', ['-q', file('rsa')], environment()));
    const lines: string[] = [];
    const debug = (line: string): void => {
      lines.push(line);
    };
    await granted(options(sshd, login(sshd.user, { agent: socket }), { debug }));
    const who = login(sshd.user, { agent: socket, ...keys('rsa', 'locked') });
    expect(await granted(options(sshd, who, { debug }))).toBe('publickey');
    const order = lines.filter((line) => line.startsWith('trying key'));
    expect(order).toEqual([
      'trying key stranger of the agent (ssh-ed25519)',
      'trying key rsa of the agent (ssh-rsa)',
      `trying key ${file('rsa')} of the agent (ssh-rsa)`,
    ]);
  });

  it('goes on where an agent does not sign', async () => {
    const refusing = join(folder, 'refusing');
    const other = spawn('ssh-agent', ['-D', '-a', refusing], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(other.stdout, 'data');
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: refusing, DISPLAY: ':0', SSH_ASKPASS: '/bin/false' };
      // Asks a person before each signature, and nobody is there.
      await must(run('ssh-add', ['-q', '-c', file('rsa')], { env }));
      const who = login(sshd.user, { agent: refusing, ...keys('ecdsa') });
      expect(await granted(options(sshd, who))).toBe('publickey');
      const alone = await faultOf(connect(options(sshd, login(sshd.user, { agent: refusing }))));
      expect(alone.message).toContain('key rsa of the agent did not sign');
    } finally {
      other.kill();
    }
  });
});

describe('login with questions and passwords', () => {
  const running: LoginServer[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });
  async function start(authenticate: LoginServerOptions['authenticate']): Promise<LoginServer> {
    const server = await startLoginServer({ authenticate });
    running.push(server);
    return server;
  }
  const isPassword = (attempt: AuthContext, right: string): boolean =>
    attempt.method === 'password' && attempt.password === right;
  const refusal = async (server: LoginServer, who: Login): Promise<Fault> => {
    const fault = await faultOf(connect(options(server, who)));
    expect(fault.code).toBe('login-refused');
    return fault;
  };

  it('needs nothing where nothing is wanted', async () => {
    const server = await start((attempt) => attempt.accept());
    expect(await granted(options(server, login('guest')))).toBe('none');
    expect(server.tried).toEqual(['none']);
  });

  it('asks for a password three times', async () => {
    const server = await start((attempt) => {
      if (isPassword(attempt, 'third')) attempt.accept();
      else attempt.reject(['password']);
    });
    const typed = ['first', 'second', 'third'];
    const password: Login['password'] = (attempt) => Promise.resolve(typed[attempt] ?? null);
    expect(await granted(options(server, login('alice', { password })))).toBe('password');
    expect(server.tried).toEqual(['none', 'password', 'password', 'password']);
    const wrong = login('alice', { password: () => Promise.resolve('wrong') });
    const fault = await refusal(server, wrong);
    expect(fault.message).toBe('login refused for alice: tried password; the server takes password');
    expect(server.tried).toHaveLength(8);
  });

  it('answers several questions at once, and again', async () => {
    const server = await start((attempt) => {
      if (attempt.method !== 'keyboard-interactive') {
        attempt.reject(['keyboard-interactive']);
        return;
      }
      const questions = [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Token: ', echo: true },
      ];
      attempt.prompt(questions, 'title', 'instruction', (first) => {
        attempt.prompt({ prompt: 'PIN: ', echo: false }, (second) => {
          const said = [first, second].flat().join(' ');
          if (said === 'one two three') attempt.accept();
          else attempt.reject(['keyboard-interactive']);
        });
      });
    });
    const asked: { name: string; instruction: string; prompts: readonly Prompt[] }[] = [];
    const answers: Login['answers'] = (question) => {
      asked.push(question);
      return Promise.resolve(question.prompts.length === 2 ? ['one', 'two'] : ['three']);
    };
    expect(await granted(options(server, login('alice', { answers })))).toBe('keyboard-interactive');
    expect(asked).toEqual([
      {
        name: 'title',
        instruction: 'instruction',
        prompts: [
          { text: 'Password: ', echo: false },
          { text: 'Token: ', echo: true },
        ],
      },
      { name: '', instruction: '', prompts: [{ text: 'PIN: ', echo: false }] },
    ]);
  });

  it('goes on to the password where nobody answers questions', async () => {
    const server = await start((attempt) => {
      if (attempt.method === 'keyboard-interactive') {
        attempt.prompt('Password: ', () => attempt.reject(['keyboard-interactive', 'password']));
      } else if (isPassword(attempt, 'right')) attempt.accept();
      else attempt.reject(['keyboard-interactive', 'password']);
    });
    const who = login('alice', { password: () => Promise.resolve('right') });
    expect(await granted(options(server, who))).toBe('password');
    expect(server.tried).toEqual(['none', 'keyboard-interactive', 'password']);
  });

  it('shows what is said without a question', async () => {
    const server = await start((attempt) => {
      if (attempt.method !== 'keyboard-interactive') attempt.reject(['keyboard-interactive']);
      else attempt.prompt([], '', 'look at your phone', () => attempt.accept());
    });
    const said: string[] = [];
    const banner = (text: string): void => {
      said.push(text);
    };
    await granted(options(server, login('alice'), { banner }));
    expect(said).toEqual(['look at your phone']);
  });

  const second = (attempt: KeyboardAuthContext): void =>
    attempt.prompt('Code: ', (codes) => {
      if (codes[0] === '42') attempt.accept();
      else attempt.reject(['keyboard-interactive']);
    });

  it('gives two factors, a password and an answer', async () => {
    const server = await start((attempt) => {
      if (isPassword(attempt, 'right')) attempt.reject(['keyboard-interactive'], true);
      else if (attempt.method === 'keyboard-interactive') second(attempt);
      else attempt.reject(['password']);
    });
    const who = login('alice', {
      password: () => Promise.resolve('right'),
      answers: () => Promise.resolve(['42']),
    });
    expect(await granted(options(server, who))).toBe('keyboard-interactive');
    const half = await refusal(server, { ...who, answers: () => Promise.resolve(['1']) });
    expect(half.message).toBe(
      'login refused for alice: password accepted, which is not enough; tried keyboard-interactive; ' +
        'the server takes keyboard-interactive',
    );
  });

  it.skipIf(missing('ssh-keygen'))('gives two factors, a key and a password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-factors-'));
    try {
      await must(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]));
      const server = await start((attempt) => {
        if (attempt.method === 'publickey') {
          if (attempt.signature) attempt.reject(['password'], true);
          else attempt.accept();
        } else if (isPassword(attempt, 'right')) attempt.accept();
        else attempt.reject(['publickey']);
      });
      const who = login('alice', {
        keys: [keyFrom(join(folder, 'key'))],
        password: () => Promise.resolve('right'),
      });
      expect(await granted(options(server, who))).toBe('password');
      expect(server.tried).toEqual(['publickey', 'publickey', 'password']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  describe.skipIf(missing('ssh-keygen'))('shows a key before it has asked what is taken', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-shown-'));
    const keys = ['one', 'other'].map((name) => join(folder, name));
    beforeAll(async () => {
      for (const key of keys) await must(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const who = (): Login =>
      login('alice', { keys: keys.map(keyFrom), password: () => Promise.resolve('right') });

    it('and no second one to a server that takes none', async () => {
      const server = await start((attempt) =>
        isPassword(attempt, 'right') ? attempt.accept() : attempt.reject(['password']),
      );
      expect(await granted(options(server, who()))).toBe('password');
      expect(server.tried).toEqual(['publickey', 'password']);
    });

    it('and each of them once to a server that refuses them', async () => {
      const server = await start((attempt) =>
        isPassword(attempt, 'right') ? attempt.accept() : attempt.reject(['publickey', 'password']),
      );
      expect(await granted(options(server, who()))).toBe('password');
      expect(server.tried).toEqual(['publickey', 'publickey', 'password']);
    });

    it('and asks for nothing where nothing is wanted', async () => {
      const server = await start((attempt) =>
        attempt.method === 'none' ? attempt.accept() : attempt.reject(['publickey']),
      );
      expect(await granted(options(server, who()))).toBe('none');
    });

    it('but not for who needs nothing by custom', async () => {
      const server = await start((attempt) => attempt.accept());
      expect(await granted(options(server, { ...who(), user: 'anonymous' }))).toBe('none');
    });

    it('but not many: a server that counts attempts would send it away', async () => {
      const server = await start((attempt) =>
        isPassword(attempt, 'right') ? attempt.accept() : attempt.reject(['password']),
      );
      const [one = '', other = ''] = keys;
      const many = { ...who(), keys: [one, other, one].map(keyFrom) };
      expect(await granted(options(server, many))).toBe('password');
      expect(server.tried).toEqual(['none', 'password']);
    });
  });

  it('ends when whoever is asked wants no more of it', async () => {
    const server = await start((attempt) => {
      if (attempt.method === 'keyboard-interactive') attempt.prompt('Password: ', () => undefined);
      else attempt.reject(['keyboard-interactive', 'password']);
    });
    const enough = (): Promise<never> => Promise.reject(new Fault('cancelled', 'enough'));
    const asked = login('alice', { answers: enough, password: () => Promise.resolve('unused') });
    expect(await faultOf(connect(options(server, asked)))).toMatchObject({ message: 'enough' });
    expect(server.tried).toEqual(['none', 'keyboard-interactive']);
    const broken = login('alice', { answers: () => Promise.reject(new Error('a bug')) });
    const fault = await faultOf(connect(options(server, broken)));
    expect(fault).toMatchObject({ code: 'failure', message: 'a bug' });
  });

  it('says so where a password has expired', async () => {
    const server = await start((attempt) => {
      if (attempt.method !== 'password') attempt.reject(['password']);
      else attempt.requestChange('too old', () => attempt.reject(['password']));
    });
    const who = login('alice', { password: () => Promise.resolve('old') });
    expect((await refusal(server, who)).message).toContain('the password has expired');
  });

  it('waits for whoever is asked, and not for the server', async () => {
    const server = await start((attempt) => {
      if (isPassword(attempt, 'right')) attempt.accept();
      else if (attempt.method === 'none') attempt.reject(['password']);
    });
    const slowly = new Promise<string>((resolve) => setTimeout(() => resolve('right'), 600));
    const slow = login('alice', { password: () => slowly });
    expect(await granted(options(server, slow, { timeout: 400 }))).toBe('password');
    const ignored = login('alice', { password: () => Promise.resolve('wrong') });
    const fault = await faultOf(connect(options(server, ignored, { timeout: 300 })));
    expect(fault).toMatchObject({ code: 'timed-out' });
    expect(fault.message).toMatch(/^127\.0\.0\.1:\d+ does not answer in the login$/);
  });
});
