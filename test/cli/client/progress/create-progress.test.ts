import { describe, expect, it } from 'vitest';
import type { ProgressMode } from '../../../../src/cli/client/progress/bars.js';
import { createProgress } from '../../../../src/cli/client/progress/create-progress.js';
import type { TransferResult, TransferSubject } from '../../../../src/client/transfer.js';
import { Fault } from '../../../../src/fault.js';
import { Screen } from '../screen.js';
import { ManualTimers } from './manual-timers.js';

const megabyte = 1_000_000;

function file(name: string): TransferSubject {
  return { direction: 'get', remote: `/folder/${name}`, local: `/here/${name}` };
}

function done(subject: TransferSubject, size: number): TransferResult {
  return {
    ...subject,
    outcome: 'transferred',
    size,
    moved: size,
    resumedAt: 0,
    verified: null,
    took: 1,
  };
}

function stage(mode: ProgressMode, columns: number | undefined = 80, isTTY = true, several = false) {
  const timers = new ManualTimers();
  const written: string[] = [];
  const screen = new Screen(columns || 80);
  const output = {
    isTTY,
    columns,
    write: (text: string) => {
      written.push(text);
      // A terminal adds the return.
      screen.write(text.replaceAll('\n', '\r\n'));
    },
  };
  const notes: string[] = [];
  const progress = createProgress({
    ...{ mode, output, timers, several },
    notes: (note) => void notes.push(note),
  });
  return { timers, written, screen, output, notes, progress, lines: () => screen.lines.join('\n').trimEnd() };
}

describe('the bar', () => {
  it('shows name, bar, percentage, bytes, rate and time left, and stays when the file is done', () => {
    const { progress, timers, lines } = stage('bar');
    const subject = file('film.mkv');
    progress.begin?.(subject, { from: 0, total: 10 * megabyte });
    for (let second = 0; second < 4; second++) {
      progress.moved?.(subject, megabyte);
      timers.pass(1000);
    }
    expect(lines()).toMatch(/^film\.mkv +\[=+> +\] {3}40% {6}4 MB {6}1 MB\/s {4}00:06$/);
    expect(lines().length).toBeLessThan(80);
    progress.moved?.(subject, 6 * megabyte);
    progress.end?.(subject, done(subject, 10 * megabyte));
    expect(lines()).toMatch(/^film\.mkv +\[=+\] {2}100% {5}10 MB {4}2\.5 MB\/s {4}00:04$/);
    progress.finish();
    progress.finish();
    expect(lines().split('\n')).toHaveLength(1);
    expect(timers.running).toBe(0);
  });

  it('is drawn ten times a second at most, and not again while nothing changes', () => {
    const { progress, timers, written } = stage('bar');
    const subject = file('a');
    progress.begin?.(subject, { from: 0, total: 1e9 });
    for (let step = 0; step < 10_000; step++) {
      progress.moved?.(subject, 100_000);
      timers.pass(0.1);
    }
    expect(written.length).toBeGreaterThan(5);
    expect(written.length).toBeLessThanOrEqual(10);
    const before = written.length;
    timers.pass(20_000);
    const stalled = written.length;
    timers.pass(60_000);
    expect(stalled).toBeGreaterThan(before);
    expect(written.length).toBe(stalled);
  });

  it('comes down to no rate and no time when nothing moves', () => {
    const { progress, timers, lines } = stage('bar');
    const subject = file('a');
    progress.begin?.(subject, { from: 0, total: 100 * megabyte });
    progress.moved?.(subject, megabyte);
    timers.pass(1000);
    expect(lines()).toContain('1 MB/s');
    timers.pass(10_000);
    expect(lines()).toMatch(/ 0 B\/s +--:--$/);
  });

  it('begins a resumed file where it is, and its rate with what moves now', () => {
    const { progress, timers, lines } = stage('bar');
    const subject = file('big.iso');
    progress.begin?.(subject, { from: 940 * megabyte, total: 1000 * megabyte });
    timers.pass(100);
    expect(lines()).toContain('94%');
    expect(lines()).not.toContain('/s');
    progress.moved?.(subject, 10 * megabyte);
    timers.pass(900);
    expect(lines()).toMatch(/ 95% +950 MB +1[01]\.?\d* MB\/s +00:0[45]$/);
    // The connection broke, and less had arrived than was believed.
    progress.begin?.(subject, { from: 948 * megabyte, total: 1000 * megabyte });
    timers.pass(100);
    expect(lines()).toMatch(/ 94% +948 MB +\d+\.?\d* MB\/s/);
  });

  it('draws empty files, files that shrank or grew, and sizes that nobody knows', () => {
    const { progress, timers, lines } = stage('bar');
    const [empty, grown, endless] = [file('empty'), file('grown'), file('endless')];
    progress.begin?.(empty, { from: 0, total: 0 });
    timers.pass(100);
    expect(lines()).toMatch(/^empty +\[=+\] {2}100% +0 B/);
    progress.end?.(empty, done(empty, 0));
    progress.begin?.(grown, { from: 0, total: 100 });
    progress.moved?.(grown, 150);
    timers.pass(1000);
    expect(lines().split('\n')[1]).toMatch(/^grown +\[=+\] {2}100% +150 B/);
    progress.end?.(grown, done(grown, 150));
    progress.begin?.(endless, { from: 0, total: null });
    progress.moved?.(endless, 5 * megabyte);
    timers.pass(1000);
    expect(lines().split('\n')[2]).toMatch(/^endless +5 MB +5 MB\/s +--:--$/);
    progress.end?.(endless, done(endless, 5 * megabyte));
    expect(lines().split('\n')[2]).toMatch(/^endless +\[=+\] {2}100% +5 MB +5 MB\/s +00:01$/);
  });

  it.each([200, 80, 60, 59, 40, 30, 20, 12, 5, 1])('keeps to one row of %i columns', (columns) => {
    const { progress, timers, screen } = stage('bar', columns);
    const subject = file('a-name-of-some-length-that-goes-on-and-on.tar.gz');
    progress.begin?.(subject, { from: 0, total: 123_456_789_000 });
    for (let second = 0; second < 5; second++) {
      progress.moved?.(subject, 12_345_678_900);
      timers.pass(1000);
    }
    expect(screen.lines).toHaveLength(1);
    expect(screen.lines[0]?.length).toBeLessThan(columns);
    if (columns >= 20) expect(screen.lines[0]).toContain('50%');
    progress.end?.(subject, new Fault('no-connection'));
    expect(screen.lines).toHaveLength(2);
  });

  it.each([0, undefined])('takes 80 columns where the terminal says %s', (columns) => {
    const { progress, timers, screen } = stage('bar', columns);
    progress.begin?.(file('a'), { from: 0, total: 10 });
    timers.pass(100);
    expect(screen.lines[0]?.length).toBeGreaterThan(60);
    expect(screen.lines).toHaveLength(1);
  });

  it('follows the width of the terminal', () => {
    const { progress, timers, output, written } = stage('bar', 80);
    progress.begin?.(file('a'), { from: 0, total: 10 });
    timers.pass(100);
    Object.assign(output, { columns: 40 });
    timers.pass(100);
    const drawn = written.at(-1) ?? '';
    expect(drawn.replace(/\r|\u001b\[K/g, '').length).toBeLessThan(40);
  });

  it('shows names that would steer the terminal escaped, and wide ones in the columns they take', () => {
    const { progress, timers, screen, written } = stage('bar', 100);
    const evil = { ...file('x'), remote: '/a\x1b[2J\r\nroot# \x9b31m' };
    progress.begin?.(evil, { from: 0, total: 10 });
    timers.pass(100);
    expect(screen.lines[0]).toMatch(/^a\\x1b\[2J.*\\x9b31m /);
    expect(screen.lines).toHaveLength(1);
    progress.end?.(evil, done(evil, 10));
    const wide = { ...file('x'), remote: Buffer.from('漢字'.repeat(30)).toString('latin1') };
    progress.begin?.(wide, { from: 0, total: 10 });
    timers.pass(100);
    // Each of them takes two of the columns, of which three stay free.
    const drawn = (written.at(-1) ?? '').replace(/\r|\u001b\[K/g, '');
    const width = Array.from(drawn).reduce((sum, char) => sum + (char > '\u2e80' ? 2 : 1), 0);
    expect(drawn).toMatch(/漢字.*\.\.\..*漢字/);
    expect(width).toBe(97);
  });

  it('makes room for notes and questions, and comes back', () => {
    const { progress, timers, written, screen, notes } = stage('bar');
    const subject = file('a');
    progress.begin?.(subject, { from: 0, total: 10 });
    timers.pass(100);
    progress.note?.(subject, 'times were not set');
    expect(notes).toEqual(['times were not set']);
    expect(screen.lines).toEqual(['']);
    timers.pass(100);
    expect(screen.lines[0]).toMatch(/^a /);
    const release = progress.hold();
    expect(screen.lines).toEqual(['']);
    progress.moved?.(subject, 5);
    const before = written.length;
    timers.pass(1000);
    expect(written).toHaveLength(before);
    release();
    release();
    timers.pass(100);
    expect(screen.lines[0]).toContain('50%');
  });

  it('is gone for good once it was dropped', () => {
    const { progress, timers, lines } = stage('bar');
    const subject = file('a');
    progress.begin?.(subject, { from: 0, total: 10 });
    timers.pass(100);
    progress.drop();
    progress.moved?.(subject, 5);
    timers.pass(1000);
    progress.end?.(subject, new Fault('cancelled'));
    progress.begin?.(file('b'), { from: 0, total: 10 });
    timers.pass(1000);
    progress.finish();
    expect(lines()).toBe('');
  });

  it('shows several files as one, with what they are at', () => {
    const { progress, timers, lines, screen } = stage('bar');
    const names = ['one', 'two', 'three'] as const;
    progress.total?.(30 * megabyte, 3);
    const [one, two, three] = names.map(file) as [TransferSubject, TransferSubject, TransferSubject];
    progress.begin?.(one, { from: 0, total: 10 * megabyte });
    progress.begin?.(two, { from: 0, total: 10 * megabyte });
    progress.moved?.(one, 10 * megabyte);
    progress.moved?.(two, 5 * megabyte);
    timers.pass(1000);
    expect(lines()).toMatch(/^0\/3 one, two +\[=+> +\] {3}50% +15 MB +15 MB\/s +00:01$/);
    progress.end?.(one, done(one, 10 * megabyte));
    progress.begin?.(three, { from: 0, total: 10 * megabyte });
    timers.pass(100);
    expect(lines()).toMatch(/^1\/3 two, three /);
    progress.end?.(two, new Fault('denied'));
    progress.moved?.(three, 10 * megabyte);
    progress.end?.(three, done(three, 10 * megabyte));
    progress.finish();
    expect(lines()).toMatch(/^2\/3 files +\[=+> +\] {3}83% +25 MB/);
    expect(screen.lines.filter((line) => line !== '')).toHaveLength(1);
  });

  it('shows files of one transfer as one before anybody knows the total, and nothing where none was moved', () => {
    const { progress, timers, lines } = stage('bar', 80, true, true);
    for (const name of ['a', 'b', 'c']) {
      const subject = file(name);
      progress.begin?.(subject, { from: 0, total: megabyte });
      progress.moved?.(subject, megabyte);
      timers.pass(1000);
      progress.end?.(subject, done(subject, megabyte));
    }
    expect(lines()).toMatch(/^2 c +3 MB +1 MB\/s +--:--$/);
    progress.total?.(3 * megabyte, 3);
    progress.finish();
    expect(lines()).toMatch(/^3\/3 files +\[=+\] {2}100% +3 MB +1 MB\/s +00:03$/);

    const none = stage('bar', 80, true, true);
    none.progress.total?.(megabyte, 1);
    const there = file('there');
    none.progress.end?.(there, { ...done(there, megabyte), outcome: 'already-there', moved: 0 });
    none.timers.pass(1000);
    expect(none.lines()).toMatch(/^1\/1 files .* 100%/);
    none.progress.finish();
    expect(none.lines()).toBe('');
  });

  it('counts what was there already as done', () => {
    const { progress, timers, lines } = stage('bar');
    progress.total?.(20 * megabyte, 2);
    const [there, missing] = [file('there'), file('missing')];
    progress.end?.(there, { ...done(there, 10 * megabyte), outcome: 'already-there', moved: 0 });
    progress.begin?.(missing, { from: 0, total: 10 * megabyte });
    timers.pass(100);
    expect(lines()).toMatch(/^1\/2 missing .* 50% +10 MB/);
    progress.finish();
  });
});

describe('without a terminal', () => {
  it('shows nothing, neither then nor when none is wanted', () => {
    for (const one of [stage('bar', 80, false), stage('none')]) {
      const subject = file('a');
      one.progress.total?.(10, 2);
      one.progress.begin?.(subject, { from: 0, total: 10 });
      one.progress.moved?.(subject, 10);
      one.timers.pass(60_000);
      one.progress.end?.(subject, done(subject, 10));
      one.progress.finish();
      expect(one.written).toEqual([]);
    }
  });

  it('writes a plain line every few seconds, if asked to', () => {
    const { progress, timers, written } = stage('plain', undefined, false);
    const subject = file('film.mkv');
    progress.begin?.(subject, { from: 10 * megabyte, total: 100 * megabyte });
    for (let second = 0; second < 20; second++) {
      progress.moved?.(subject, megabyte);
      timers.pass(1000);
    }
    expect(written.length).toBe(4);
    expect(written[1]).toBe('film.mkv: 20%, 20 MB of 100 MB, 1 MB/s, 01:20 left\n');
    progress.moved?.(subject, 70 * megabyte);
    progress.end?.(subject, done(subject, 100 * megabyte));
    progress.finish();
    expect(written.at(-1)).toBe('film.mkv: 100%, 100 MB of 100 MB, 4.5 MB/s, took 00:20\n');
    expect(written.length).toBe(5);
  });

  it('writes one line for many files at a time', () => {
    const { progress, timers, written } = stage('plain', undefined, false);
    progress.total?.(20 * megabyte, 2);
    for (const subject of [file('a'), file('b')]) {
      progress.begin?.(subject, { from: 0, total: 10 * megabyte });
      progress.moved?.(subject, 10 * megabyte);
      timers.pass(6_000);
      progress.end?.(subject, done(subject, 10 * megabyte));
    }
    progress.finish();
    expect(written).toHaveLength(3);
    expect(written[0]).toMatch(/^0\/2 a: 50%, 10 MB of 20 MB/);
    expect(written[2]).toMatch(/^2\/2 files: 100%, 20 MB of 20 MB, .* took 00:12\n$/);
  });
});
