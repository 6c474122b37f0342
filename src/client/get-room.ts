import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { statLocal } from './local-files.js';
import { partOf } from './partial-names.js';
import { localRoom, parentOf, shortage, type Room } from './room.js';

/** Adds up what a get needs here, as its sizes become known, and compares it with what was free when it began. */
export class GetRoom {
  readonly #room: Room;
  #bytes = 0;
  #files = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** For what is got into that path's folder; `null` where the system does not tell what is free there. */
  static async at(target: ByteString): Promise<GetRoom | null> {
    const room = await localRoom(parentOf(target));
    return room && new GetRoom(room);
  }

  /** @param isNew whether nothing can be in the file's place @throws Fault `no-space`, saying how much is missing */
  async add(path: ByteString, size: number, isNew: boolean): Promise<void> {
    const there = isNew
      ? []
      : await Promise.all([path, partOf(path)].map((each) => statLocal(each).catch(() => null)));
    const files = there.flatMap((stat) => (stat?.kind === 'file' ? stat.size : []));
    this.#bytes += Math.max(0, size - files.reduce((sum, bytes) => sum + bytes, 0));
    this.#files += files.length > 0 ? 0 : 1;
    const missing = shortage({ bytes: this.#bytes, files: this.#files }, this.#room);
    if (missing !== null) throw new Fault('no-space', `${missing} on the local disk`);
  }
}
