import type { ByteString } from '../names.js';
import { changeAttrs, remoteStat } from './remote-stat.js';
import type { RemoteChange, RemoteHandle, RemoteStat } from './remote.js';
import type { Session } from './session.js';

/** An open file of a session. */
export class RemoteFile implements RemoteHandle {
  readonly #session: Session;
  readonly #canSync: boolean;
  /** What the server calls it [filexfer-02 6.2]. */
  readonly handle: ByteString;

  constructor(session: Session, handle: ByteString, canSync: boolean) {
    this.#session = session;
    this.handle = handle;
    this.#canSync = canSync;
  }

  read(offset: number, length: number): Promise<readonly Buffer[] | null> {
    return this.#session.read(this.handle, offset, length);
  }

  write(offset: number, data: Buffer): Promise<void> {
    return this.#session.write(this.handle, offset, data);
  }

  async stat(): Promise<RemoteStat> {
    const { attrs } = await this.#session.get('attrs', { kind: 'fstat', handle: this.handle });
    return remoteStat(attrs);
  }

  async setStat(change: RemoteChange): Promise<void> {
    await this.#session.get('status', { kind: 'fsetstat', handle: this.handle, attrs: changeAttrs(change) });
  }

  async sync(): Promise<boolean> {
    if (!this.#canSync) return false;
    await this.#session.get('status', { kind: 'fsync@openssh.com', handle: this.handle }, true);
    return true;
  }

  async close(): Promise<void> {
    await this.#session.get('status', { kind: 'close', handle: this.handle });
  }
}
