import { PassThrough, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { secretReader } from '../../src/cli/secret-reader.js';

/** A terminal on which keys can be pressed, and on which it is seen what is shown. */
function terminal() {
  const input = Object.assign(new PassThrough(), { modes: [] as boolean[] });
  const keyboard = Object.assign(input, {
    setRawMode: (raw: boolean) => {
      input.modes.push(raw);
      return keyboard as never;
    },
  });
  const output = new PassThrough();
  return {
    press: (keys: string | Buffer) => input.write(keys),
    hangUp: () => input.end(),
    modes: input.modes,
    shown: () => String(output.read() ?? ''),
    ask: (question: string) => secretReader(keyboard, output).ask(question),
    askShown: (question: string, signal?: AbortSignal) =>
      secretReader(keyboard, output, { echo: true }).ask(question, signal),
  };
}

it('shows the question and never what is typed', async () => {
  const { press, ask, shown, modes } = terminal();
  const answer = ask('Password: ');
  press('sec');
  press('ret\r');
  expect(await answer).toBe('secret');
  expect(shown()).toBe('Password: \n');
  expect(modes).toEqual([true, false]);
});

it('keeps the terminal from echoing before the question is there', () => {
  const order: string[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => order.push(`raw ${raw}`) });
  const output = new Writable({
    write: (text, _encoding, done) => {
      order.push(String(text));
      done();
    },
  });
  void secretReader(input as never, output).ask('Password: ');
  expect(order).toEqual(['raw true', 'Password: ']);
});

it('takes letters that come in pieces, backspace, and the key that clears the line', async () => {
  const { press, ask } = terminal();
  const answer = ask('');
  press('wrong\u0015p');
  const umlaut = Buffer.from('ä');
  press(umlaut.subarray(0, 1));
  press(umlaut.subarray(1));
  press('xs\u007f\u007f\u{1f600}\u007fs\n');
  expect(await answer).toBe('päs');
});

it('keeps what was pasted for the next question', async () => {
  const { press, ask } = terminal();
  const first = ask('');
  press('one\rtwo\r');
  expect(await first).toBe('one');
  expect(await ask('')).toBe('two');
});

it.each([
  ['Ctrl-C', 'abc\u0003'],
  ['Ctrl-D on an empty line', '\u0004'],
])('ends with %s, and gives the terminal back', async (_what, keys) => {
  const { press, ask, modes } = terminal();
  const answer = ask('');
  press(keys);
  await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  expect(modes).toEqual([true, false]);
});

it('ends when the terminal goes away', async () => {
  const { ask, hangUp } = terminal();
  const answer = ask('');
  hangUp();
  await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
});

it('shows what is no secret, and takes away what is taken back', async () => {
  const { press, askShown, shown } = terminal();
  const answer = askShown('Host: ');
  press('axb\u007f\u007fb\r');
  expect(await answer).toBe('ab');
  expect(shown()).toBe('Host: axb\b \b\b \bb\n');
});

it('stops asking once nobody needs the answer', async () => {
  const { press, askShown, modes, ask } = terminal();
  const needed = new AbortController();
  const answer = askShown('Resume? ', needed.signal);
  needed.abort();
  await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  await expect(askShown('Again? ', needed.signal)).rejects.toMatchObject({ code: 'cancelled' });
  expect(modes).toEqual([true, false]);
  const next = ask('');
  press('later\r');
  expect(await next).toBe('later');
});
