import { expect, it } from 'vitest';
import { createLoginPrompts } from '../../../src/cli/client/login-prompts.js';

function prompts({ answers = [] as string[], password = null as string | null, nobody = false }) {
  const asked: string[] = [];
  const said: string[] = [];
  const secrets: string[] = [];
  const left = [...answers];
  const made = createLoginPrompts({
    terminal: nobody
      ? null
      : {
          present: true,
          ask: (question) => {
            asked.push(question);
            return Promise.resolve(left.shift() ?? '');
          },
          askSecret: (question) => {
            asked.push(question);
            secrets.push(question);
            return Promise.resolve(left.shift() ?? '');
          },
        },
    say: (line) => said.push(line),
    password,
    passwordFor: 'alice@host',
  });
  return { made, asked, said, secrets };
}

const secret = (text: string) => ({ text, echo: false });
const shown = (text: string) => ({ text, echo: true });
const question = (...list: readonly { readonly text: string; readonly echo: boolean }[]) => ({
  name: '',
  instruction: '',
  prompts: list,
});

it('answers several prompts one after another, and shows only what may be seen', async () => {
  const { made, asked, said, secrets } = prompts({ answers: ['one', 'two'] });
  const answers = await made.answersFor('alice@host').answers({
    name: 'Login',
    instruction: 'Use your token.\nThen the name.',
    prompts: [secret('Token: '), shown('Name:')],
  });
  expect(answers).toEqual(['one', 'two']);
  expect(asked).toEqual(['(alice@host) Token: ', '(alice@host) Name: ']);
  expect(secrets).toEqual(['(alice@host) Token: ']);
  expect(said).toEqual([
    'alice@host says: Login',
    'alice@host says: Use your token.',
    'alice@host says: Then the name.',
  ]);
});

it('says whose question it is, and lets a server steer nothing', async () => {
  const { made, asked } = prompts({ answers: ['x'] });
  await made
    .answersFor('alice@host')
    .answers(question(shown('\u001b[2JPassphrase for /home/me/.ssh/id:\r\n')));
  expect(asked).toEqual(['(alice@host) \\x1b[2JPassphrase for /home/me/.ssh/id: ']);
});

it('gives a password that is known once to each connection, then asks', async () => {
  const { made, asked, said } = prompts({ password: 'known', answers: ['typed'] });
  const first = made.answersFor('alice@host');
  expect(await first.password(0)).toBe('known');
  expect(said).toEqual([]);
  expect(await first.password(1)).toBe('typed');
  expect(said).toEqual(['alice@host: that password was not accepted']);
  expect(asked).toEqual(["alice@host's password: "]);
  // Connected again: what was right last is given without a question.
  expect(await made.answersFor('alice@host').password(0)).toBe('typed');
  expect(await made.answersFor('alice@host').answers(question(secret('Password: ')))).toEqual(['typed']);
  expect(asked).toHaveLength(1);
});

it('gives the password of one host to no other, a host on the way least of all', async () => {
  const { made } = prompts({ password: 'of the host', answers: ['for the jump'] });
  expect(await made.answersFor('alice@jump').password(0)).toBe('for the jump');
  expect(await made.answersFor('alice@host').password(0)).toBe('of the host');
});

it('asks again for a passphrase that did not fit, and remembers the one that did', async () => {
  const { made, asked } = prompts({ answers: ['wrong', 'right'] });
  const key = { key: Buffer.alloc(0), name: '/keys/a\u0007' };
  const first = made.answersFor('alice@host');
  expect(await first.passphrase(key, 0)).toBe('wrong');
  expect(await first.passphrase(key, 1)).toBe('right');
  expect(await made.answersFor('alice@host').passphrase(key, 0)).toBe('right');
  expect(asked).toEqual(['Passphrase for /keys/a\\x07: ', 'Passphrase for /keys/a\\x07: ']);
});

it('gives up where nobody is there, and remembers that it had to', async () => {
  const { made } = prompts({ nobody: true });
  expect(made.unanswered).toBe(false);
  const answers = made.answersFor('alice@host');
  expect(await answers.answers(question())).toEqual([]);
  expect(made.unanswered).toBe(false);
  expect(await answers.password(0)).toBeNull();
  expect(await answers.answers(question(secret('x')))).toBeNull();
  expect(made.unanswered).toBe(true);
});
