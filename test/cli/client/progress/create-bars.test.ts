import { expect, it } from 'vitest';
import type { ProgressMode } from '../../../../src/cli/client/progress/bars.js';
import { createBars } from '../../../../src/cli/client/progress/create-bars.js';
import type { TransferSubject } from '../../../../src/client/transfer.js';
import type { Terminal } from '../../../../src/cli/terminal.js';
import { Fault } from '../../../../src/fault.js';
import { Screen } from '../screen.js';
import { ManualTimers } from './manual-timers.js';

const subject: TransferSubject = { direction: 'put', remote: '/a', local: '/here/a.txt' };

function stage(mode: ProgressMode = 'bar') {
  const screen = new Screen(80);
  const timers = new ManualTimers();
  const output = {
    isTTY: true,
    columns: 80,
    write: (text: string) => {
      screen.write(text.replaceAll('\n', '\r\n'));
    },
  };
  const bars = createBars({ mode, output, timers });
  return { screen, timers, bars, stdout: bars.beside(output) };
}

it('takes the bar away before other output, and draws it again behind it', () => {
  const { screen, timers, bars, stdout } = stage();
  const progress = bars.start(() => undefined);
  progress.begin?.(subject, { from: 0, total: 10 });
  timers.pass(100);
  stdout.write('something to read\n');
  expect(screen.lines).toEqual(['something to read', '']);
  progress.moved?.(subject, 5);
  timers.pass(100);
  expect(screen.lines[1]).toMatch(/^a\.txt .* 50%/);
  progress.finish();
  stdout.write('more\n');
  expect(screen.lines.slice(1)).toEqual([expect.stringMatching(/^a\.txt .* 50%/), 'more', '']);
});

it('takes the prompt away too, until it is over', () => {
  const { bars, stdout } = stage();
  const done: string[] = [];
  const release = bars.occupy({ clear: () => done.push('clear'), redraw: () => done.push('redraw') });
  stdout.write('connection lost\n');
  expect(done).toEqual(['clear', 'redraw']);
  release();
  stdout.write('more\n');
  expect(done).toHaveLength(2);
});

it('keeps the bar away while something is asked, whether it is answered or not', async () => {
  const { screen, timers, bars } = stage();
  const progress = bars.start(() => undefined);
  progress.begin?.(subject, { from: 0, total: 10 });
  timers.pass(100);
  const during: string[] = [];
  const ask = (): Promise<never> => {
    timers.pass(1000);
    during.push(...screen.lines);
    return Promise.reject(new Fault('cancelled'));
  };
  const asking = bars.asking({ ask, askSecret: ask, confirm: ask } as unknown as Terminal);
  await expect(asking.ask('overwrite? ')).rejects.toThrow();
  await expect(asking.askSecret('password: ')).rejects.toThrow();
  await expect(asking.confirm('sure? ')).rejects.toThrow();
  expect(during).toEqual(['', '', '']);
  timers.pass(100);
  expect(screen.lines[0]).toMatch(/^a\.txt /);
  progress.finish();
});

it('shows the next transfer as the mode says then', () => {
  const { screen, timers, bars } = stage('none');
  expect(bars.possible).toBe(true);
  const unseen = bars.start(() => undefined);
  unseen.begin?.(subject, { from: 0, total: 10 });
  timers.pass(1000);
  expect(screen.lines).toEqual(['']);
  bars.mode = 'bar';
  const seen = bars.start(() => undefined);
  seen.begin?.(subject, { from: 0, total: 10 });
  timers.pass(1000);
  expect(screen.lines[0]).toMatch(/^a\.txt /);
  bars.drop();
  expect(screen.lines).toEqual(['']);
});
