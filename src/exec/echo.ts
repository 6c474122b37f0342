import { toBytes } from '../names.js';
import type { Command } from './command.js';

/** Bytes written at once, so that what waits for a slow peer stays near the bound of the streams. */
const piece = 65_536;

/** Prints its words: clients ask by it which kind of shell this is. */
export const echo: Command = {
  async run(args, { patterns, streams }) {
    let text = '';
    // One after another: what a line of `*`s stands for fits no memory.
    for (const [index, word] of args.entries()) {
      for (const [nth, path] of (await patterns.expand(word)).entries()) {
        text += index + nth > 0 ? ` ${path}` : path;
        if (text.length < piece) continue;
        await streams.write(toBytes(text));
        text = '';
      }
    }
    await streams.write(toBytes(`${text}\n`));
    return 0;
  },
};
