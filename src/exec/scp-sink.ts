import { Fault, toFault } from '../fault.js';
import type { ByteString } from '../names.js';
import { below } from '../vfs/path.js';
import type { Vfs } from '../vfs/vfs.js';
import { parseMessage, type ScpEntry, type ScpMessage, type ScpTimes } from './scp-messages.js';
import { gaveUp, lost, Refusal, type ScpPeer } from './scp-peer.js';
import { look, receiveFile } from './scp-receive.js';

export interface SinkOptions {
  /** -r: folders are taken. */
  readonly recursive: boolean;
  /** -p: modes are set as announced. */
  readonly preserve: boolean;
  /** -d: the target has to be a folder. */
  readonly folderOnly: boolean;
}

/** A folder whose entries come. */
interface Filling {
  readonly path: ByteString;
  readonly mode: number;
  readonly times: ScpTimes | null;
}

/** `scp -t`: takes what the peer sends, to a file or into a folder [PROTOCOL 7.5]. */
export class ScpSink {
  readonly #peer: ScpPeer;
  readonly #vfs: Vfs;
  readonly #target: ByteString;
  readonly #options: SinkOptions;
  /** Innermost last. */
  readonly #filling: Filling[] = [];
  #intoFolder = false;
  #times: ScpTimes | null = null;

  constructor(peer: ScpPeer, vfs: Vfs, target: ByteString, options: SinkOptions) {
    this.#peer = peer;
    this.#vfs = vfs;
    this.#target = target;
    this.#options = options;
  }

  /** @throws Fault `bad-message` for what cannot be understood; `end-of-file`, `cancelled` when the peer ends early */
  async run(): Promise<void> {
    if (!(await this.#lookAtTarget())) return;
    await this.#peer.agree();
    for (let line = await this.#peer.line(); line !== null; line = await this.#peer.line()) {
      await this.#act(parseMessage(line));
    }
    if (this.#filling.length > 0) throw lost();
  }

  /** Whether the target will do. */
  async #lookAtTarget(): Promise<boolean> {
    const { folderOnly } = this.#options;
    try {
      const there = await look(this.#vfs, this.#target);
      this.#intoFolder = there?.kind === 'folder';
      if (folderOnly && !this.#intoFolder) throw new Refusal(there ? 'not-a-folder' : 'not-found');
    } catch (thrown) {
      // Without -d it is not needed to exist: what is wrong will be told of each file.
      if (!folderOnly) return true;
      await this.#peer.refuse(this.#target, thrown);
      return false;
    }
    return true;
  }

  async #act(message: ScpMessage): Promise<void> {
    switch (message.kind) {
      case 'problem':
        this.#peer.complained();
        return;
      case 'fatal':
        throw gaveUp();
      case 'times':
        this.#times = message.times;
        await this.#peer.agree();
        return;
      case 'end':
        await this.#leave();
        return;
      case 'folder':
        await this.#enter(message);
        return;
      case 'file':
        await receiveFile(
          {
            path: this.#pathOf(message.name),
            entry: message,
            times: this.#takeTimes(),
            keepMode: this.#options.preserve,
          },
          this.#peer,
          this.#vfs,
        );
        return;
    }
  }

  /** Into a folder under the name that was sent; a target that is none, or not there yet, is itself the new name. */
  #pathOf(name: ByteString): ByteString {
    const folder = this.#filling.at(-1)?.path ?? (this.#intoFolder ? this.#target : null);
    if (folder === null) return this.#target;
    return folder === '.' ? name : below(folder, name);
  }

  #takeTimes(): ScpTimes | null {
    const times = this.#times;
    this.#times = null;
    return times;
  }

  async #enter({ name, mode }: ScpEntry): Promise<void> {
    if (!this.#options.recursive) throw new Fault('bad-message', 'protocol error: a folder without -r');
    const path = this.#pathOf(name);
    const times = this.#takeTimes();
    try {
      await this.#makeFolder(path, mode);
    } catch (thrown) {
      await this.#peer.refuse(path, thrown);
      return;
    }
    this.#filling.push({ path, mode, times });
    await this.#peer.agree();
  }

  /** One that exists is used. */
  async #makeFolder(path: ByteString, mode: number): Promise<void> {
    let there = await look(this.#vfs, path);
    if (!there) {
      try {
        // Its files have to fit in before it gets its own mode.
        await this.#vfs.mkdir(path, mode | 0o700);
        return;
      } catch (thrown) {
        if (toFault(thrown).code !== 'exists') throw thrown;
        there = await this.#vfs.stat(path, { follow: true });
      }
    }
    if (there.kind !== 'folder') throw new Refusal('not-a-folder');
  }

  /** Modes and times of a folder come last: each of its entries would change them. */
  async #leave(): Promise<void> {
    const folder = this.#filling.pop();
    if (!folder) throw new Fault('bad-message', 'protocol error: E without a folder');
    const { path, mode, times } = folder;
    const { preserve } = this.#options;
    try {
      if (preserve || times) {
        await this.#vfs.set(path, { ...(preserve && { mode }), ...(times && { times }) }, { follow: true });
      }
    } catch (thrown) {
      await this.#peer.refuse(path, thrown);
      return;
    }
    await this.#peer.agree();
  }
}
