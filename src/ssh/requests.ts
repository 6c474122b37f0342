import type { ByteString } from '../names.js';
import type { Reader } from '../wire/reader.js';
import type { Channel } from './channel.js';
import { maxName } from './messages.js';

/** Longest command line of an `exec`; an SSH packet has no room for more. */
const maxCommand = 35_000;

/** What a session channel may be asked for, besides being closed. */
export interface Programs {
  sftp(channel: Channel): void;
  exec(channel: Channel, command: ByteString): void;
  /** The sentence for who wants a shell. */
  readonly shellRefusal: string;
  /** Something else than files was asked for, and refused with `sentence`. */
  refused(operation: RefusedProgram, asked: ByteString, sentence: string): void;
}

export type RefusedProgram = 'shell' | 'subsystem';

type Answer = 'granted' | 'refused';

/** The requests of one session channel [RFC 4254 6]: one program, and what may be said before it. */
export class SessionRequests {
  readonly #channel: Channel;
  readonly #programs: Programs;
  #started = false;

  constructor(channel: Channel, programs: Programs) {
    this.#channel = channel;
    this.#programs = programs;
  }

  /** What to answer, and what to do once the answer is sent. */
  take(type: string, fields: Reader): { readonly answer: Answer; readonly run?: () => void } {
    switch (type) {
      // A terminal and an environment make no difference to files, and clients give up without them.
      case 'pty-req':
      case 'env':
        return { answer: this.#started ? 'refused' : 'granted' };
      case 'shell':
        return this.#start(() => this.#refuseShell());
      case 'exec': {
        const command = fields.byteString(maxCommand);
        return this.#start(() => this.#programs.exec(this.#channel, command));
      }
      case 'subsystem': {
        const name = fields.byteString(maxName);
        if (name === 'sftp') return this.#start(() => this.#programs.sftp(this.#channel));
        this.#programs.refused('subsystem', name, 'this server has no such subsystem');
        return { answer: 'refused' };
      }
      // x11-req, auth-agent-req@openssh.com, signal, window-change and what nobody knows.
      default:
        return { answer: 'refused' };
    }
  }

  #start(run: () => void): { readonly answer: Answer; readonly run?: () => void } {
    if (this.#started) return { answer: 'refused' };
    this.#started = true;
    return { answer: 'granted', run };
  }

  #refuseShell(): void {
    const { shellRefusal } = this.#programs;
    this.#programs.refused('shell', '', shellRefusal);
    this.#channel.start({
      data: () => true,
      end: () => undefined,
      sent: () => undefined,
      closed: () => undefined,
    });
    this.#channel.stderr(shellRefusal);
    this.#channel.finish(1);
  }
}
