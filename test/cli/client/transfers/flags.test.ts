import { expect, it } from 'vitest';
import { get } from '../../../../src/cli/client/commands/get.js';
import { parseCommand } from '../../../../src/cli/client/command-line.js';
import type { GlobalOptions } from '../../../../src/cli/client/global-options.js';
import {
  readFlags,
  typedAgain,
  type TransferFlags,
  type TransferValues,
} from '../../../../src/cli/client/transfers/flags.js';
import { splitLine } from '../../../../src/cli/client/words.js';

const globals: GlobalOptions = {
  json: false,
  quiet: false,
  codes: false,
  verbosity: 0,
  progress: 'none',
  retries: 3,
  timeout: 30_000,
  limit: null,
  jobs: 4,
  verify: { algorithm: 'md5', explicit: false },
  collision: null,
  mismatch: null,
};

function values(line: string): TransferValues {
  return parseCommand(get, splitLine(`${line} NAME`))?.options as unknown as TransferValues;
}

const flags = (line: string, more: Partial<GlobalOptions> = {}): TransferFlags =>
  readFlags(values(line), { ...globals, ...more });

it('takes what the program was told where the command says nothing', () => {
  expect(flags('')).toEqual({
    preserve: false,
    recursive: false,
    inPlace: false,
    checkRoom: true,
    sync: false,
    jobs: 4,
    limit: null,
    verify: { algorithm: 'md5', explicit: false },
    decisions: { collision: null, mismatch: null, unknown: null },
  });
  expect(flags('', { collision: 'skip', mismatch: 'fail' }).decisions).toEqual({
    collision: 'skip',
    mismatch: 'fail',
    unknown: null,
  });
});

it.each([
  ['-p', { preserve: true }],
  ['-r', { recursive: true }],
  ['-R', { recursive: true }],
  ['-f', { sync: true }],
  ['--fsync', { sync: true }],
  ['--in-place', { inPlace: true }],
  ['--no-check', { checkRoom: false }],
  ['--check', { checkRoom: true }],
  ['--jobs 8', { jobs: 8 }],
  ['--limit 5MB', { limit: 5e6 }],
  ['--limit 5MB/s', { limit: 5e6 }],
  ['--limit none', { limit: null }],
  ['--verify sha256', { verify: { algorithm: 'sha256', explicit: true } }],
  ['--verify md5', { verify: { algorithm: 'md5', explicit: true } }],
  ['--verify none', { verify: null }],
] as const)('reads %s', (line, expected) => {
  expect(flags(line)).toMatchObject(expected);
});

it.each([
  ['-a', { collision: 'resume' }],
  ['--resume', { collision: 'resume' }],
  ['--overwrite', { collision: 'overwrite' }],
  ['--rename', { collision: 'rename' }],
  ['--skip', { collision: 'skip' }],
  ['--on-mismatch restart', { mismatch: 'restart' }],
  ['--on-mismatch fail', { mismatch: 'fail' }],
  ['--on-unknown resume', { unknown: 'resume' }],
])('reads %s, over what the program was told', (line, expected) => {
  expect(flags(line, { collision: 'skip', mismatch: 'fail' }).decisions).toEqual({
    ...{ collision: 'skip', mismatch: 'fail', unknown: null },
    ...expected,
  });
});

it.each([
  ['--resume --skip', '--resume and --skip exclude each other'],
  ['--verify crc', "--verify takes md5, sha256 or none, not 'crc'"],
  ['--on-mismatch resume', "--on-mismatch takes restart or fail, not 'resume'"],
  ['--on-unknown maybe', "--on-unknown takes resume, restart or fail, not 'maybe'"],
  ['--jobs 0', "--jobs takes a number from 1 to 64, not '0'"],
  ['--jobs many', "--jobs takes a number from 1 to 64, not 'many'"],
  ['--jobs 65', "--jobs takes a number from 1 to 64, not '65'"],
  ['--limit 0', '--limit takes bytes a second, such as 5MB, or none'],
  ['--limit fast', "'fast' is not a size: write 100MB (10^6), 100MiB (2^20), a number of bytes, or none"],
])('refuses %s with a sentence', (line, message) => {
  expect(() => flags(line)).toThrow(expect.objectContaining({ code: 'invalid', message }) as Error);
});

it('says again what was typed, but for what is about a target that is there', () => {
  const line =
    '-p -r -f --in-place --no-check --on-mismatch restart --on-unknown resume --verify sha256 --jobs 8 --limit 5MB';
  expect(typedAgain(values(`${line} --overwrite`)).join(' ')).toBe(line);
  expect(typedAgain(values('-a'))).toEqual([]);
});
