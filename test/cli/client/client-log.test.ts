import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLog } from '../../../src/cli/client/client-log.js';

const failed = (sentence: string): never => {
  throw new Error(sentence);
};

function freshFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'plim-log-')), 'log');
}

it('appends lines of JSON that nobody can forge, as loud as asked for', async () => {
  const target = freshFile();
  writeFileSync(target, 'before\n');
  const log = openLog({ target, level: 'warn', readable: false, failed, now: () => 0 });
  log.write('error', 'fault', { text: 'a\nb\u001b[2J', count: 1 });
  log.write('warn', 'note');
  log.write('info', 'too quiet');
  await log.flush();
  expect(readFileSync(target, 'utf8')).toBe(
    'before\n' +
      '{"time":"1970-01-01T00:00:00.000Z","level":"error","event":"fault","text":"a\\\\x0ab\\\\x1b[2J","count":1}\n' +
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"note"}\n',
  );
});

it('is for its owner alone, and can be read by people', async () => {
  const target = freshFile();
  const log = openLog({ target, level: 'info', readable: true, failed, now: () => 0 });
  log.write('info', 'logged-in', { host: 'h', port: 22 });
  await log.flush();
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(readFileSync(target, 'utf8')).toBe('1970-01-01T00:00:00.000Z info logged-in host="h" port=22\n');
});

it('is told at once to be no file that can be written', () => {
  expect(() => openLog({ target: '/nowhere/log', level: 'info', readable: false, failed })).toThrow(
    'the log /nowhere/log cannot be written',
  );
});
