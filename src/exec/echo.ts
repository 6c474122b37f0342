import { toBytes } from '../names.js';
import type { Command } from './command.js';

/** Prints its words: clients ask by it which kind of shell this is. */
export const echo: Command = {
  usage: 'echo [WORD...]',
  async run(args, { streams }) {
    await streams.write(toBytes(`${args.map(({ text }) => text).join(' ')}\n`));
    return 0;
  },
};
