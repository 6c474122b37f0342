import { Fault, toFault } from '../fault.js';
import { fromBytes, toBytes, toText, type ByteString } from '../names.js';
import type { CommandContext } from './command.js';
import { fatal, ok, problem } from './scp-messages.js';
import type { CommandStreams } from './streams.js';

/** Bytes of a line, at most: a name has four times 255 when it is encoded, and a sentence is short. */
const longestLine = 8192;

/** Bytes of a sentence with its name: OpenSSH takes what is longer for several answers. */
const longestSentence = 1800;

/** Bytes of a path that a sentence names: each may be shown as four. */
const longestShown = 250;

/** Input that is asked for at once. */
const atOnce = 256 * 1024;

const nothing = Buffer.alloc(0);

/** A fault of scp's own, that no filesystem has told the operator of. */
export class Refusal extends Fault {}

/** The other end of one scp: lines, answers and bytes in, lines and answers out. */
export class ScpPeer {
  readonly #context: Pick<CommandContext, 'streams' | 'refused'>;
  #rest: Buffer = nothing;
  #problems = 0;

  constructor(context: Pick<CommandContext, 'streams' | 'refused'>) {
    this.#context = context;
  }

  /** What carries it, and counts what is kept in memory. */
  get streams(): CommandStreams {
    return this.#context.streams;
  }

  /** Whether either side told the other of a failure. */
  get hadProblems(): boolean {
    return this.#problems > 0;
  }

  /** Bytes of a file as they come, at most so many; `null` at the end of the input. */
  async bytes(most: number): Promise<Buffer | null> {
    const chunk = await this.#chunk();
    if (!chunk) return null;
    this.#rest = chunk.subarray(most);
    return chunk.subarray(0, most);
  }

  /**
   * The next line without its end; `null` where the input ends before it.
   * @throws Fault `bad-message` when it is too long, `end-of-file` when the input ends in it
   */
  async line(): Promise<ByteString | null> {
    let line = '';
    for (;;) {
      const chunk = await this.#chunk();
      if (!chunk && line === '') return null;
      if (!chunk) throw lost();
      const end = chunk.indexOf('\n');
      const part = end < 0 ? chunk : chunk.subarray(0, end);
      if (line.length + part.length > longestLine) {
        throw new Fault('bad-message', `protocol error: a line of more than ${longestLine} bytes`);
      }
      line += fromBytes(part);
      this.#rest = end < 0 ? nothing : chunk.subarray(end + 1);
      if (end >= 0) return line;
    }
  }

  /**
   * The answer to what was sent: whether all is well.
   * @throws Fault `cancelled` when the peer gives up, `bad-message` where it says neither, `end-of-file` at the end
   */
  async answer(): Promise<boolean> {
    const chunk = await this.#chunk();
    if (!chunk) throw lost();
    const answer = chunk[0];
    if (answer === ok) {
      this.#rest = chunk.subarray(1);
      return true;
    }
    this.complained();
    if (answer !== problem && answer !== fatal) {
      throw new Fault('bad-message', 'protocol error: no answer where one is due');
    }
    await this.line();
    if (answer === fatal) throw gaveUp();
    return false;
  }

  /** The peer told of a failure. */
  complained(): void {
    this.#problems++;
  }

  send(bytes: Buffer): Promise<void> {
    return this.streams.write(bytes);
  }

  /** Sends a line and waits for its answer. */
  async announce(line: ByteString): Promise<boolean> {
    await this.send(toBytes(line));
    return this.answer();
  }

  agree(): Promise<void> {
    return this.send(Buffer.of(ok));
  }

  /** Tells what went wrong with one file; the others go on. */
  refuse(name: ByteString, thrown: unknown): Promise<void> {
    if (thrown instanceof Refusal) this.#context.refused('scp', name, thrown);
    return this.#tell(problem, `${shortened(name)}: ${toFault(thrown).message}`);
  }

  /** Tells why this is the end. */
  giveUp(fault: Fault): Promise<void> {
    this.#context.refused('scp', '', fault);
    return this.#tell(fatal, fault.message);
  }

  #tell(how: number, sentence: string): Promise<void> {
    this.#problems++;
    const text = Buffer.from(sentence.replace(/[\x00-\x1f\x7f]/g, ' ')).subarray(0, longestSentence);
    return this.send(Buffer.concat([Buffer.of(how), Buffer.from('scp: '), text, Buffer.from('\n')]));
  }

  async #chunk(): Promise<Buffer | null> {
    return this.#rest.length > 0 ? this.#rest : this.streams.read(atOnce);
  }
}

export function lost(): Fault {
  return new Fault('end-of-file', 'the input ended in the middle of a transfer');
}

export function gaveUp(): Fault {
  return new Fault('cancelled', 'the other end gave up');
}

/** For a sentence: of a long path its end says more. */
function shortened(name: ByteString): string {
  if (name.length <= longestShown) return toText(name);
  // Not from within a character of UTF-8, or the others would look as if they were none.
  return `...${toText(name.slice(-longestShown).replace(/^[\x80-\xbf]{1,3}/, ''))}`;
}
