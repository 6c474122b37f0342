import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { Command, CommandContext } from './command.js';
import { wrongly } from './options.js';
import { ScpPeer } from './scp-peer.js';
import { ScpSink } from './scp-sink.js';
import { ScpSource } from './scp-source.js';
import type { Word } from './words.js';

const usage = 'scp [-r] [-p] [-d] -t TARGET, scp [-r] [-p] -f SOURCE...';

/** -v and -q change what the other end shows. */
const letters = { r: true, p: true, d: true, t: true, f: true, v: true, q: true } as const;

type Letter = keyof typeof letters;

interface CalledScp {
  readonly options: ReadonlySet<Letter>;
  readonly words: readonly Word[];
}

/** Options may stand together (`-prt`) and end at the first word without a `-`, or at `--` [POSIX XBD 12.2]. */
function parse(args: readonly Word[]): CalledScp {
  const options = new Set<Letter>();
  let at = 0;
  for (let text = args[at]?.text; text?.startsWith('-') && text !== '-'; text = args[at]?.text) {
    at++;
    if (text === '--') break;
    for (const letter of text.slice(1)) {
      if (!isLetter(letter)) throw wrongly(`scp has no option -${toText(letter)} here`, usage);
      options.add(letter);
    }
  }
  return { options, words: args.slice(at) };
}

function isLetter(letter: string): letter is Letter {
  return Object.hasOwn(letters, letter);
}

/**
 * The far end of `scp -O` [PROTOCOL 7.5]: `-t` takes files, `-f` sends them. Everything else about scp happens where
 * the user is.
 */
export const scp: Command = {
  async run(args, context) {
    const { options, words } = parse(args);
    if (options.has('t') === options.has('f')) throw wrongly('either -t or -f is needed', usage);
    if (words.length === 0) throw wrongly('a name is missing', usage);
    const peer = new ScpPeer(context);
    try {
      if (options.has('f')) await new ScpSource(peer, context, choices(options)).run(words);
      else {
        const target = await targetOf(words, context);
        await new ScpSink(peer, context.vfs, target, choices(options)).run();
      }
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== 'bad-message') throw thrown;
      await peer.giveUp(thrown);
    }
    return peer.hadProblems ? 1 : 0;
  },
};

function choices(options: ReadonlySet<Letter>): {
  readonly recursive: boolean;
  readonly preserve: boolean;
  readonly folderOnly: boolean;
} {
  return { recursive: options.has('r'), preserve: options.has('p'), folderOnly: options.has('d') };
}

async function targetOf(words: readonly Word[], { patterns }: CommandContext): Promise<ByteString> {
  const [word, ...more] = words;
  // Each word stands for one path at least, and thousands of patterns together for more than there is memory.
  const paths = word && more.length === 0 ? await patterns.expand(word) : [];
  const [target] = paths;
  if (target === undefined || paths.length > 1) throw new Fault('bad-message', 'ambiguous target');
  return target;
}
