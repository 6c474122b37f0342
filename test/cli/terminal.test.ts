import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createTerminal } from '../../src/cli/terminal.js';

function terminal(properties: { readonly isTTY?: boolean; readonly columns?: number }) {
  const output = Object.assign(new PassThrough(), properties);
  const made = createTerminal(new PassThrough(), output);
  return {
    progress: (line: string) => made.progress(line),
    written: () => String(output.read() ?? ''),
  };
}

it('shows progress in one line, cut to the width of the terminal', () => {
  const { progress, written } = terminal({ isTTY: true, columns: 10 });
  progress('one');
  progress('a\nlong line');
  progress('');
  progress('');
  expect(written()).toBe('\r\u001b[Kone\r\u001b[Ka\\x0along\r\u001b[K');
});

it('shows no progress where nobody looks', () => {
  const { progress, written } = terminal({});
  progress('one');
  progress('');
  expect(written()).toBe('');
});
