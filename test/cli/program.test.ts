import { expect, it } from 'vitest';
import { exitOf, exits } from '../../src/cli/exit.js';
import { faultCodes } from '../../src/fault.js';
import { commandsOn } from './in-process.js';
import { freshRoot, plimsollOn } from './plimsoll.js';

it('has an exit code for every fault, and only those of the design', () => {
  const known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130];
  for (const code of faultCodes) expect(known, code).toContain(exitOf(code));
  expect(Object.values(exits)).toEqual([0, ...known]);
  expect([exitOf('not-found'), exitOf('denied'), exitOf('quota'), exitOf('exists')]).toEqual([4, 5, 6, 9]);
});

it('prints its version, and its help with the exit codes', async () => {
  const plimsoll = plimsollOn(freshRoot());
  expect(await plimsoll(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
  const help = await plimsoll(['user', 'add', '--help']);
  expect(help).toMatchObject({ status: 0, stderr: '' });
  for (const word of [
    '--password-stdin',
    '--quota <SIZE>',
    '--root <DIR>',
    '--json',
    'Exit codes:',
    '130  interrupted',
  ]) {
    expect(help.stdout).toContain(word);
  }
  expect(help.stdout).not.toContain('(default: ');
});

it.each([
  [[], 'Usage: plimsoll'],
  [['user'], 'Usage: plimsoll user'],
  [['user', 'list', '--root', ''], "option '--root <DIR>' argument '' is invalid. It takes a folder."],
  [['usr'], "plimsoll: unknown command 'usr'"],
  [['user', 'add'], "plimsoll: missing required argument 'NAME'"],
  [['user', 'list', 'extra'], 'plimsoll: too many arguments'],
  [['serve', '--workers', '0'], 'plimsoll: workers is 0 (--workers): allowed is a whole number from 1 to 64'],
  [['serve', '--workers', '65'], 'plimsoll: workers is 65 (--workers): allowed is'],
  [['serve', '--workers', 'x'], 'plimsoll: workers is "x" (--workers): allowed is a whole number from 1'],
  [
    ['serve', '--listen', 'nowhere'],
    'plimsoll: listen is ["nowhere"] (--listen): allowed is a list of addresses',
  ],
  [
    ['serve', '--log-level', 'loud'],
    'plimsoll: log.level is "loud" (--log-level): allowed is one of error, warn',
  ],
])('answers wrong usage %j with a sentence and exit code 2', async (argv, sentence) => {
  const outcome = await commandsOn(freshRoot())(argv);
  expect(outcome.status).toBe(2);
  expect(outcome.stdout).toBe('');
  expect(outcome.stderr).toContain(sentence);
});

it('takes --root and --json before the command and after it', async () => {
  const root = freshRoot();
  const elsewhere = commandsOn(freshRoot());
  await elsewhere(['user', 'add', 'alice', '--password-stdin', '--root', root], { input: 'secret' });
  const before = await elsewhere(['--json', '--root', root, 'user', 'show', 'alice']);
  const after = await elsewhere(['user', 'show', 'alice', '--root', root, '--json']);
  expect(before.stdout).toBe(after.stdout);
  expect(JSON.parse(after.stdout)).toMatchObject({ name: 'alice' });
});
