import { expect, it } from 'vitest';
import { readArguments } from '../../../src/cli/client/arguments.js';
import { Fault } from '../../../src/fault.js';

const read = (line: string) => readArguments(line === '' ? [] : line.split(' '), '1.2.3');

it.each([
  ['', { place: null, command: [], options: {} }],
  ['host', { place: 'host', command: [], options: {} }],
  ['host ls -l', { place: 'host', command: ['ls', '-l'], options: {} }],
  ['host get -p x', { place: 'host', command: ['get', '-p', 'x'], options: {} }],
  [
    '--json host --codes ls --json',
    { place: 'host', command: ['ls', '--json'], options: { json: true, codes: true } },
  ],
  ['-P 2222 alice@host', { place: 'alice@host', command: [], options: { port: '2222' } }],
  ['host -P 2222 -v -v ls', { place: 'host', command: ['ls'], options: { port: '2222', verbose: 2 } }],
  ['-vv host', { place: 'host', command: [], options: { verbose: 2 } }],
  [
    '-s host -P 22 -u alice -p secret get -p x',
    {
      place: null,
      command: ['get', '-p', 'x'],
      options: { server: 'host', port: '22', user: 'alice', password: 'secret' },
    },
  ],
  ['-i a -i b host', { place: 'host', command: [], options: { identity: ['a', 'b'] } }],
  ['-oPort=3 -o User=x host', { place: 'host', command: [], options: { set: ['Port=3', 'User=x'] } }],
  ['-b - host', { place: 'host', command: [], options: { batch: '-' } }],
  ['-q -l 100 host', { place: 'host', command: [], options: { terse: true, bandwidth: '100' } }],
  ['-F none -J a,b host', { place: 'host', command: [], options: { sshConfig: 'none', jump: 'a,b' } }],
  [
    '--limit=5MB --resume host',
    { place: 'host', command: [], options: { limit: '5MB', collision: 'resume' } },
  ],
  ['-- host ls', { place: 'host', command: ['ls'], options: {} }],
  ['host -- -x', { place: 'host', command: ['-x'], options: {} }],
  ['host - x', { place: 'host', command: ['-', 'x'], options: {} }],
  [
    'profile add work host -i k',
    { place: 'profile', command: ['add', 'work', 'host', '-i', 'k'], options: {} },
  ],
])('reads plim %s', (line, expected) => {
  expect(read(line)).toEqual(expected);
});

it.each([
  ['--jsn host', "unknown option '--jsn'; did you mean '--json'?"],
  ['--retires=3 host', "did you mean '--retries'?"],
  ['-Z host', "unknown option '-Z'"],
  ['host --quit ls', "unknown option '--quit'; did you mean '--quiet'?"],
  ['-P', 'argument missing'],
])('refuses plim %s with what is near', (line, sentence) => {
  expect(() => read(line)).toThrow(sentence);
  expect(() => read(line)).toThrow(Fault);
});

it('prints its version, and a help that names places, options and exit codes', () => {
  expect(read('--version')).toEqual({ print: '1.2.3\n' });
  const help = read('--help') as { readonly print: string };
  for (const word of [
    '[USER@]HOST[:PORT]',
    '--accept-new',
    'sftp://',
    '-l, --bandwidth',
    'Exit codes:',
    'plim profile',
  ]) {
    expect(help.print).toContain(word);
  }
  expect(read('host --help')).toEqual(help);
  // Behind the command it is the command's.
  expect(read('host ls --help')).toMatchObject({ command: ['ls', '--help'] });
});
