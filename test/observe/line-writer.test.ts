import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, closeSync, constants, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LineWriter } from '../../src/observe/line-writer.js';

const quiet = { failed: () => undefined, lost: (count: number) => `lost ${count}\n` };

it('costs bounded memory while its target does not read, and says what was lost (P1)', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-lines-')), 'pipe');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = new LineWriter({ target: pipe, waitingChars: 1000, ...quiet });
  const line = `${'x'.repeat(99)}\n`;
  for (let number = 0; number < 50; number++) writer.write(line);
  await writer.flush(1000);
  writer.write('after\n');
  await writer.flush(1000);
  const buffer = Buffer.alloc(100_000);
  const text = buffer.toString('latin1', 0, readSync(pipe, buffer));
  closeSync(pipe);
  expect(text).toBe(`lost 40\n${line.repeat(10)}after\n`);
});

it('gives up waiting for a full pipe after the time it was given', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-lines-')), 'pipe');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = new LineWriter({ target: pipe, ...quiet });
  writer.write(`${'x'.repeat(1_000_000)}\n`);
  const before = Date.now();
  await writer.flush(100);
  expect(Date.now() - before).toBeLessThan(5000);
  // Let it finish, so that it does not retry for ever.
  const buffer = Buffer.alloc(1_100_000);
  let read = 0;
  while (read < 1_000_001) {
    read += readSync(pipe, buffer, read, buffer.length - read, null);
    await writer.flush(50);
  }
  closeSync(pipe);
  expect(read).toBe(1_000_001);
});

it('writes what waits before it returns when the process is about to end', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-lines-')), 'log');
  const writer = new LineWriter({ target: path, ...quiet });
  writer.write('one\n');
  writer.write('two\n');
  writer.flushNow();
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});

it('has closed its file when everything is flushed, and goes on afterwards', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-lines-')), 'log');
  let open = 0;
  const after = () => {
    open++;
    return () => {
      open--;
    };
  };
  const writer = new LineWriter({ target: path, after, ...quiet });
  for (const line of ['one\n', 'two\n']) {
    writer.write(line);
    await writer.flush(5000);
    expect(open).toBe(0);
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});

it('cuts no line where another process may write in between: neither in a pipe nor in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-lines-'));
  const pipePath = join(folder, 'pipe');
  execFileSync('mkfifo', [pipePath]);
  const pipe = openSync(pipePath, constants.O_RDWR | constants.O_NONBLOCK);
  const toPipe = new LineWriter({ target: pipe, ...quiet });
  const long = `${'y'.repeat(6000)}\n`;
  toPipe.write(long);
  for (let number = 0; number < 1000; number++) toPipe.write(`${'x'.repeat(100)}\n`);
  await toPipe.flush(100);
  const buffer = Buffer.alloc(200_000);
  const full = buffer.toString('latin1', 0, readSync(pipe, buffer));
  expect(full.length).toBeGreaterThan(50_000);
  expect(full.slice(-101)).toBe(`${'x'.repeat(100)}\n`);
  await toPipe.flush(1000);
  const rest = buffer.toString('latin1', 0, readSync(pipe, buffer));
  closeSync(pipe);
  expect(full + rest).toBe(long + `${'x'.repeat(100)}\n`.repeat(1000));

  const path = join(folder, 'log');
  const writers = ['a', 'b'].map((letter) => ({ letter, lines: new LineWriter({ target: path, ...quiet }) }));
  for (let number = 0; number < 20_000; number++) {
    for (const { letter, lines } of writers) lines.write(`${letter.repeat(100)}\n`);
  }
  await Promise.all(writers.map(({ lines }) => lines.flush(5000)));
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(40_000);
  expect(lines.filter((line) => !/^(a{100}|b{100})$/.test(line))).toEqual([]);
});
