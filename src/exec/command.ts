import type { Gate } from '../channel/gate.js';
import type { Fault } from '../fault.js';
import type { HashPool } from '../hash/hash-pool.js';
import type { ByteString } from '../names.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Patterns } from './patterns.js';
import type { CommandStreams } from './streams.js';
import type { Word } from './words.js';

/** What a command may use: the account's filesystem, its own three streams, and who is asking. */
export interface CommandContext {
  readonly vfs: Vfs;
  readonly streams: CommandStreams;
  /** What words with `*`, `?` and `[...]` stand for. */
  readonly patterns: Patterns;
  /** The account's name: what `~NAME` stands for. */
  readonly account: string;
  readonly hashes: HashPool;
  /** Passed by what takes long (T7). */
  readonly gate: Gate;
  /** Aborts when the channel is gone: nobody waits for the result. */
  readonly signal: AbortSignal;
  /** Tells the operator what was refused here, and not by the filesystem, which tells of its own refusals. */
  readonly refused: (operation: string, path: ByteString, fault: Fault) => void;
}

/** A command that is served; ONE row of `commands.ts`. */
export interface Command {
  /**
   * Runs it and gives its exit status. `args` are the words after its name. What it rejects with is told on stderr
   * after its name, and its exit status is 1.
   */
  run(args: readonly Word[], context: CommandContext): Promise<number>;
}
