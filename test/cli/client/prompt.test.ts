import { constants, tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { Person } from './pty.js';

const dist = new URL('../../../dist/cli/client/', import.meta.url).href;

/** Prints what was read; on a signal something else is printed in between. */
const program = `
  const { Prompt } = await import('${dist}prompt.js');
  const { createBars } = await import('${dist}progress/create-bars.js');
  const { stdin, stdout, stderr } = process;
  const bars = createBars({ mode: 'bar', output: stderr });
  const out = bars.beside(stdout);
  const lines = [];
  const prompt = new Prompt({
    text: 'plim> ', streams: { stdin, stdout, stderr }, bars,
    history: { newestFirst: () => [...lines].reverse(), add: (line) => lines.push(line) },
    completer: {
      forget: () => undefined,
      complete: async (line, signal) => {
        if (line === 'wait') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error())));
        if (line === 'none') return null;
        if (line === 'some') return { start: 0, insert: '', choices: ['something', 'somewhere'] };
        return { start: 0, insert: '"' + line + '" ', choices: [] };
      },
    },
  });
  process.on('SIGUSR1', () => out.write('news\\n'));
  for (;;) {
    const typed = await prompt.read();
    out.write('got ' + JSON.stringify(typed) + '\\n');
    if (typed === 'left') break;
  }
`;

let person: Person;
function atPrompt(columns: number): Person {
  person = Person.before([process.execPath, '--input-type=module', '-e', program], {
    env: {},
    cwd: tmpdir(),
    columns,
  });
  return person;
}
afterEach(() => person.gone());

describe.skipIf(missing('python3'))('the prompt', () => {
  it('stands behind what is printed meanwhile, with what was typed and the cursor where it was', async () => {
    const alice = atPrompt(20);
    await alice.sees(/plim> $/);
    alice.types('some text');
    await alice.sees(/text$/);
    alice.presses('Left', 'Left');
    alice.signals(constants.signals.SIGUSR1);
    await alice.sees(/news\s+plim> some text/);
    alice.types('X');
    await alice.sees(/X/);
    // Over several rows, too.
    alice.types(' and much more than one row has room for');
    await alice.sees(/room for/);
    alice.signals(constants.signals.SIGUSR1);
    await alice.sees(/news[^]*for/);
    alice.presses('Enter');
    await alice.sees(/got .*\s+plim> $/);
    const text = 'some teX and much more than one row has room forxt';
    expect(alice.screen.split('\n').slice(0, 3)).toEqual(['news', 'news', 'plim> some teX and m']);
    expect(alice.screen.replaceAll('\n', '')).toContain(`plim> ${text}got {"line":"${text}"}`);
  });

  it('lists what there is to choose from below the line, and goes on with the line', async () => {
    const alice = atPrompt(80);
    await alice.sees(/plim> $/);
    alice.types('some\t');
    await alice.sees(/somewhere\s+plim> some$/);
    expect(alice.screen).toBe('plim> some\nsomething  somewhere\nplim> some');
    alice.presses('Ctrl-U');
    alice.types('none\t');
    alice.presses('Ctrl-U');
    alice.types('a b\t');
    await alice.sees(/"a b" $/);
    expect(alice.line).toBe('plim> "a b"');
  });

  it('takes keys while Tab waits, and gives up what it waited for', async () => {
    const alice = atPrompt(80);
    await alice.sees(/plim> $/);
    alice.types('wait\tfor nothing\r');
    await alice.sees(/got \{"line":"waitfor nothing"\}/);
  });

  it('says whether Ctrl-C cleared something, and loses no key behind it', async () => {
    const alice = atPrompt(80);
    await alice.sees(/plim> $/);
    alice.types('abc\u0003\u0003next\r\u0004');
    expect(await alice.leaves()).toBe(0);
    const got = alice.screen.split('\n').filter((line) => line.startsWith('got'));
    expect(got).toEqual(['got "cleared"', 'got "interrupted"', 'got {"line":"next"}', 'got "left"']);
  });

  it('takes characters that come in pieces, and draws the line anew when the terminal is resized', async () => {
    const alice = atPrompt(80);
    await alice.sees(/plim> $/);
    alice.types('漢');
    alice.types('字 é\r');
    await alice.sees(/got \{"line":"漢字 é"\}\s+plim> $/);
    alice.resizes(40, 10);
    await alice.sees(/plim> $/);
    expect(alice.line).toBe('plim>');
  });
});
