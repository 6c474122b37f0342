import type { Vfs } from '../vfs/vfs.js';
import type { Report } from './messages.js';
import type { Holder } from './owner-port.js';
import type { Channel } from './peers.js';

/** Another process that holds something of a home that this one owns. */
export class RemoteHolder implements Holder {
  readonly id: string;
  readonly local = false;
  readonly #channel: Channel;
  readonly #home: number;
  /** What its changes of names are carried out on. */
  readonly vfs: Vfs;

  constructor(channel: Channel, home: number, vfs: Vfs) {
    this.id = channel.peer;
    this.#channel = channel;
    this.#home = home;
    this.vfs = vfs;
  }

  async report(back: boolean, hear: (report: Report) => void): Promise<void> {
    hear((await this.#channel.ask('report', { home: this.#home, back }, null)) as Report);
  }

  async yield(inode: number, hear: (report: Report) => void): Promise<void> {
    hear((await this.#channel.ask('yield', { home: this.#home, inode }, null)) as Report);
  }
}
