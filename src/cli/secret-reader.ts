import { StringDecoder } from 'node:string_decoder';
import type { ReadStream } from 'node:tty';
import { Fault } from '../fault.js';

type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'setRawMode'>>;

/** Takes the last character off the screen. */
const rubOut = '\b \b';

/** What was typed ahead of the next question, for each terminal. */
const typedAhead = new WeakMap<Input, string>();

/**
 * Reads one line from a terminal in raw mode, where keys come one by one and nothing is echoed but by us: `echo` is for
 * what is no secret.
 */
export function secretReader(
  input: Input,
  output: NodeJS.WritableStream,
  { echo = false }: { readonly echo?: boolean } = {},
): { ask(question: string, signal?: AbortSignal): Promise<string> } {
  const show = (text: string): void => {
    if (echo && text !== '') output.write(text);
  };
  return {
    ask: (question, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(new Fault('cancelled'));
          return;
        }
        const decoder = new StringDecoder('utf8');
        let typed: string[] = [];
        // First: whoever answers as soon as the question is there would see the answer on the screen.
        input.setRawMode?.(true);
        output.write(question);

        const end = (rest: string, settle: () => void): void => {
          input.off('data', take);
          input.off('end', gone);
          signal?.removeEventListener('abort', gone);
          input.pause();
          input.setRawMode?.(false);
          output.write('\n');
          typedAhead.set(input, rest);
          settle();
        };
        const gone = (): void => end('', () => reject(new Fault('cancelled')));
        const key = (char: string): 'done' | 'cancelled' | null => {
          if (char === '\r' || char === '\n') return 'done';
          if (char === '\u0003') return 'cancelled';
          if (char === '\u0004') return typed.length > 0 ? 'done' : 'cancelled';
          if (char === '\u007f' || char === '\b') {
            if (typed.pop() !== undefined) show(rubOut);
          } else if (char === '\u0015') {
            show(rubOut.repeat(typed.length));
            typed = [];
          } else if (char >= ' ') {
            typed.push(char);
            show(char);
          }
          return null;
        };
        const read = (text: string): void => {
          const chars = Array.from(text);
          for (const [index, char] of chars.entries()) {
            const outcome = key(char);
            if (outcome === null) continue;
            const rest = chars.slice(index + 1).join('');
            if (outcome === 'done') end(rest, () => resolve(typed.join('')));
            else end('', () => reject(new Fault('cancelled')));
            return;
          }
        };
        const take = (bytes: Buffer): void => read(decoder.write(bytes));

        input.on('data', take);
        input.on('end', gone);
        signal?.addEventListener('abort', gone);
        const ahead = typedAhead.get(input) ?? '';
        typedAhead.delete(input);
        read(ahead);
        input.resume();
      }),
  };
}
