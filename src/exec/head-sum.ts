import { Fault } from '../fault.js';
import type { HashAlgorithm } from '../hash/algorithms.js';
import { toText, type ByteString } from '../names.js';
import type { Command, CommandContext } from './command.js';
import { hashFlags, hashLine } from './hash-line.js';
import { hashOfFile } from './hash-of.js';
import { parseOptions, wrongly } from './options.js';
import type { Word } from './words.js';

/**
 * `head -c N FILE | md5sum`, the one pipe [PROTOCOL 7.4.4]: the hash of the first N bytes, by which a client makes
 * sure of what is there already before it sends the rest. `sum` is what follows the name of the hash command. A file
 * that cannot be read gives no hash at all: a shell would give the one of nothing.
 */
export function headSum(algorithm: HashAlgorithm, sum: readonly Word[]): Command {
  const usage = `head -c NUMBER FILE | ${algorithm}sum`;
  return {
    async run(args, context) {
      const { flags, operands } = parseOptions(sum, hashFlags, usage);
      if (operands.some(({ text }) => text !== '-') || operands.length > 1) {
        throw wrongly(`${algorithm}sum is given the pipe here, and no file`, usage);
      }
      const { count, file } = headOf(args, usage);
      const path = await oneOf(file, context, usage);
      let hash: Buffer;
      try {
        hash = await hashOfFile(algorithm, path, count, context);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code === 'cancelled') throw thrown;
        throw new Fault(thrown.code, `${toText(path)}: ${thrown.message}`);
      }
      await context.streams.write(hashLine(algorithm, hash, '-', flags));
      return 0;
    },
  };
}

/** `-c N`, `-cN`, `--bytes N` or `--bytes=N`, and one file, in any order. */
function headOf(args: readonly Word[], usage: string): { readonly count: number; readonly file: Word } {
  const files: Word[] = [];
  let count: number | null = null;
  let plain = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (!word) break;
    const { text } = word;
    const option = plain || word.pattern !== null ? null : /^(?:-c|--bytes(?:=|$))/.exec(text)?.[0];
    if (option)
      count = countOf(text === option.replace('=', '') ? args[++at]?.text : text.slice(option.length), usage);
    else if (!plain && text === '--') plain = true;
    else if (!plain && text.startsWith('-') && word.pattern === null) {
      throw wrongly(text === '-' ? 'head needs a file here' : 'head only takes -c here', usage);
    } else files.push(word);
  }
  const [file] = files;
  if (count === null || !file || files.length > 1) throw wrongly('head needs -c and one file here', usage);
  return { count, file };
}

/** Decimal digits; more than a file can have is all of it. */
function countOf(text: ByteString | undefined, usage: string): number {
  if (text === undefined || !/^[0-9]+$/.test(text)) {
    throw wrongly('-c takes a number of bytes, without a sign or a unit', usage);
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

async function oneOf(file: Word, { patterns }: CommandContext, usage: string): Promise<ByteString> {
  const paths = await patterns.expand(file);
  const [path] = paths;
  if (path === undefined || paths.length > 1) throw wrongly('head takes one file here', usage);
  return path;
}
