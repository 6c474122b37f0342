import { Fault } from '../fault.js';
import type { HashAlgorithm } from '../hash/algorithms.js';
import { toText } from '../names.js';
import type { Command } from './command.js';
import { hashFlags, hashLine } from './hash-line.js';
import { hashOfFile, hashOfInput } from './hash-of.js';
import { parseOptions } from './options.js';

/** Milliseconds that a hash without a file waits for input or its end: some clients ask for the hash of nothing. */
const patience = 3000;

/** The hashes that have a command. */
export const hashSums = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
] as const satisfies readonly HashAlgorithm[];

export type HashSumName = `${(typeof hashSums)[number]}sum`;

/** `md5sum` and its relatives, which print what GNU's print [PROTOCOL 7.4.3]. */
export function hashSum(algorithm: HashAlgorithm): Command {
  const name = `${algorithm}sum`;
  const usage = `${name} [-b] [-t] [-z] [--tag] [FILE...]`;
  return {
    async run(args, context) {
      const { patterns, streams } = context;
      const { flags, operands } = parseOptions(args, hashFlags, usage);
      if (operands.length === 0) {
        const hash = await hashOfInput(algorithm, patience, context);
        await streams.write(hashLine(algorithm, hash, '-', flags));
        return 0;
      }
      let exitStatus = 0;
      for (const word of operands) {
        for (const path of await patterns.expand(word)) {
          try {
            const isInput = path === '-' && word.pattern === null;
            const hash = isInput
              ? await hashOfInput(algorithm, null, context)
              : await hashOfFile(algorithm, path, null, context);
            await streams.write(hashLine(algorithm, hash, path, flags));
          } catch (thrown) {
            // One that cannot be read is told, and the others are hashed.
            if (!(thrown instanceof Fault) || thrown.code === 'cancelled') throw thrown;
            streams.complain(`${name}: ${toText(path)}: ${thrown.message}`);
            exitStatus = 1;
          }
        }
      }
      return exitStatus;
    },
  };
}
