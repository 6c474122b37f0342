import { toBytes } from '../names.js';
import type { Command } from './command.js';
import { expand } from './glob.js';

/** Prints its words: clients ask by it which kind of shell this is. */
export const echo: Command = {
  usage: 'echo [WORD...]',
  async run(args, { vfs, streams, signal }) {
    // One after another: what a line of `*`s stands for fits no memory.
    for (const [index, word] of args.entries()) {
      const paths = await expand(word, vfs, signal);
      await streams.write(toBytes(`${index > 0 ? ' ' : ''}${paths.join(' ')}`));
    }
    await streams.write(toBytes('\n'));
    return 0;
  },
};
