import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { historyLines, openHistory } from '../../../src/cli/client/history.js';

let work: string;
let folder: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'plim-history-'));
  folder = join(work, 'config', 'plim');
});
afterEach(() => rmSync(work, { recursive: true }));

const kept = (): readonly string[] => readFileSync(join(folder, 'history'), 'utf8').trimEnd().split('\n');

it('is remembered from one run to the next, for nobody else', () => {
  const first = openHistory(folder);
  for (const line of ['ls', ' secret', 'get a', 'get a', '', '   ']) first.add(line);
  expect(first.newestFirst()).toEqual(['get a', 'ls']);
  expect(openHistory(folder).newestFirst()).toEqual(['get a', 'ls']);
  expect(statSync(join(folder, 'history')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it('takes rights from others that somebody gave them', () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'history'), 'ls\n');
  chmodSync(join(folder, 'history'), 0o644);
  openHistory(folder);
  expect(statSync(join(folder, 'history')).mode & 0o777).toBe(0o600);
});

it('keeps the last lines of two runs beside each other', () => {
  const [one, other] = [openHistory(folder), openHistory(folder)];
  one.add('from one');
  other.add('from the other');
  expect(kept()).toEqual(['from one', 'from the other']);
});

it('forgets the oldest lines', () => {
  mkdirSync(folder, { recursive: true });
  const lines = Array.from({ length: historyLines + 500 }, (_, index) => `cd ${index}`);
  writeFileSync(join(folder, 'history'), lines.join('\n') + '\n');
  const history = openHistory(folder);
  expect(history.newestFirst()).toEqual(lines.slice(-historyLines).reverse());
  expect(kept()).toEqual(lines.slice(-historyLines));
  expect(statSync(join(folder, 'history')).mode & 0o777).toBe(0o600);
  history.add('one more');
  expect(history.newestFirst()).toHaveLength(historyLines);
});

it('is no reason to stop where it cannot be kept', () => {
  writeFileSync(join(work, 'config'), 'a file where the folder should be');
  const history = openHistory(folder);
  history.add('ls');
  expect(history.newestFirst()).toEqual(['ls']);
});
