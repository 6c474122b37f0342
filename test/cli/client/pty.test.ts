import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { Person } from './pty.js';

const options = { env: {}, cwd: tmpdir(), columns: 40, rows: 10 };

it.skipIf(missing('python3'))('puts a program in front of a real terminal', async () => {
  const person = Person.before(
    [
      process.execPath,
      '-e',
      `const size = () => process.stdout.columns + 'x' + process.stdout.rows;
       console.log(process.stdin.isTTY, process.stdout.isTTY, size());
       process.stdout.on('resize', () => console.log('now', size()));
       process.on('SIGINT', () => process.exit(7));
       process.stdin.on('data', (line) => console.log('got', String(line).trim()));`,
    ],
    options,
  );
  await person.sees(/true true 40x10/);
  person.types('hello\r');
  await person.sees(/got hello/);
  person.resizes(60, 12);
  await person.sees(/now 60x12/);
  person.presses('Ctrl-C');
  expect(await person.leaves()).toBe(7);
  expect(person.screen.split('\n').slice(1, 3)).toEqual(['hello', 'got hello']);
});

it.skipIf(missing('python3'))('says what was on the screen when a program ended too early', async () => {
  const person = Person.before(['sh', '-c', 'echo only this; exit 3'], options);
  await expect(person.sees(/something else/)).rejects.toThrow(/only this/);
  expect(await person.leaves()).toBe(3);
});
