import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AppendedFile } from '../../src/observe/appended-file.js';

/** Time that is up when the test says so. */
class ManualTime {
  readonly waiting: { readonly milliseconds: number; readonly callback: () => void }[] = [];

  readonly after = (milliseconds: number, callback: () => void): (() => void) => {
    const entry = { milliseconds, callback };
    this.waiting.push(entry);
    return () => void this.waiting.splice(this.waiting.indexOf(entry), 1);
  };

  pass(): void {
    for (const { callback } of this.waiting.splice(0)) callback();
  }
}

function appended() {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-appended-')), 'log');
  const time = new ManualTime();
  const failures: unknown[] = [];
  const file = new AppendedFile(path, (error) => failures.push(error), time.after);
  const append = (text: string): Promise<void> => file.append(Buffer.from(text), false);
  return { path, time, file, append, failures };
}

/** How often this process has the file open, under whatever name it has now. */
function descriptorsOf(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;
}

it('is opened once for all that is appended within a second, and a second at the most', async () => {
  const { path, time, file, append } = appended();
  for (let count = 0; count < 100; count++) await append(`${count}\n`);
  expect(time.waiting.map(({ milliseconds }) => milliseconds)).toEqual([1000]);
  expect(descriptorsOf(path)).toBe(1);
  time.pass();
  await append('more\n');
  expect(time.waiting).toHaveLength(1);
  await file.close();
  expect(time.waiting).toHaveLength(0);
  expect(descriptorsOf(path)).toBe(0);
  expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(101);
});

it.each([
  ['renamed', (path: string) => renameSync(path, `${path}.1`)],
  ['removed', (path: string) => rmSync(path)],
  [
    'replaced',
    (path: string) => {
      renameSync(path, `${path}.1`);
      writeFileSync(path, 'new\n', { mode: 0o600 });
    },
  ],
])(
  'lets go of a file that was %s when the second is up, also when nothing is appended',
  async (_, change) => {
    const { path, time, append, file } = appended();
    await append('before\n');
    change(path);
    time.pass();
    await expect.poll(() => descriptorsOf(path)).toBe(0);
    await append('after\n');
    expect(readFileSync(path, 'utf8')).toMatch(/^(new\n)?after\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    if (existsSync(`${path}.1`)) expect(readFileSync(`${path}.1`, 'utf8')).toBe('before\n');
    await file.close();
  },
);

it('is not closed in the middle of a write', async () => {
  const { path, time, append } = appended();
  const long = `${'x'.repeat(8_000_000)}\n`;
  await append('first\n');
  const writing = append(long);
  time.pass();
  await writing;
  expect(readFileSync(path, 'utf8')).toBe(`first\n${long}`);
  expect(descriptorsOf(path)).toBe(0);
});

it('is opened anew after a failure, and begins a line of its own where half of one was left', async () => {
  const { path, file, append } = appended();
  await file.close();
  rmSync(path, { force: true });
  const folder = join(path, 'inside');
  const missing = new AppendedFile(
    folder,
    () => undefined,
    () => () => undefined,
  );
  await expect(missing.append(Buffer.from('x\n'), false)).rejects.toThrow('ENOENT');
  writeFileSync(path, 'half');
  await file.append(Buffer.from('whole\n'), true);
  await append('next\n');
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('half\nwhole\nnext\n');
});

it('fails for each append to a full disk', async () => {
  const full = new AppendedFile(
    '/dev/full',
    () => undefined,
    () => () => undefined,
  );
  for (let count = 0; count < 3; count++) {
    await expect(full.append(Buffer.from('x\n'), count > 0)).rejects.toThrow('ENOSPC');
  }
  expect(descriptorsOf('/dev/full')).toBe(0);
});

it('takes lines of several writers at once, and tears none', async () => {
  const { path, file } = appended();
  const others = [new AppendedFile(path, () => undefined), new AppendedFile(path, () => undefined)];
  const writers = [file, ...others];
  await Promise.all(
    writers.map(async (writer, number) => {
      const line = `${String(number).repeat(300)}\n`;
      for (let count = 0; count < 200; count++) await writer.append(Buffer.from(line.repeat(20)), false);
      await writer.close();
    }),
  );
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(12_000);
  expect(lines.filter((line) => !/^(0{300}|1{300}|2{300})$/.test(line))).toEqual([]);
});
