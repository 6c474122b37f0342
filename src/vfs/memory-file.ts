import { Fault } from '../fault.js';

const pageBytes = 64 * 1024;
const smallestPage = 256;

/** How many bytes a memory filesystem may hold; pages take from it and give back. */
export class MemoryRoom {
  readonly total: number;
  #taken = 0;

  constructor(total: number) {
    this.total = total;
  }

  get free(): number {
    return this.total - this.#taken;
  }

  take(bytes: number): void {
    if (bytes > this.free) throw new Fault('no-space');
    this.#taken += bytes;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** The bytes of one file, in pages that exist only where something was written: a hole costs nothing. */
export class MemoryFile {
  readonly #pages = new Map<number, Buffer>();
  readonly #room: MemoryRoom;
  #size = 0;

  constructor(room: MemoryRoom) {
    this.#room = room;
  }

  get size(): number {
    return this.#size;
  }

  read(into: Buffer, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.#size - position));
    for (let done = 0; done < length;) {
      const { page, from, count } = this.#span(position + done, length - done);
      const bytes = this.#pages.get(page);
      const held =
        bytes && from < bytes.length ? bytes.copy(into, done, from, Math.min(from + count, bytes.length)) : 0;
      into.fill(0, done + held, done + count);
      done += count;
    }
    return length;
  }

  write(slice: Buffer, position: number): void {
    for (let done = 0; done < slice.length;) {
      const { page, from, count } = this.#span(position + done, slice.length - done);
      slice.copy(this.#page(page, from + count), from, done, done + count);
      done += count;
      this.#size = Math.max(this.#size, position + done);
    }
  }

  resize(size: number): void {
    if (size < this.#size) {
      const lastPage = Math.floor(size / pageBytes);
      for (const [index, page] of this.#pages) {
        if (index > lastPage) this.#drop(index, page);
        // What grows back over the cut must read as zero.
        else if (index === lastPage) page.fill(0, Math.min(page.length, size % pageBytes));
      }
    }
    this.#size = size;
  }

  /** Gives all pages back; the file is gone. */
  free(): void {
    for (const [index, page] of this.#pages) this.#drop(index, page);
  }

  #span(position: number, length: number): { page: number; from: number; count: number } {
    const from = position % pageBytes;
    return { page: Math.floor(position / pageBytes), from, count: Math.min(length, pageBytes - from) };
  }

  /** The page, with at least `length` bytes; it doubles, so that many small files stay small. */
  #page(index: number, length: number): Buffer {
    const page = this.#pages.get(index);
    if (page && page.length >= length) return page;
    let size = page?.length ?? smallestPage;
    while (size < length) size *= 2;
    this.#room.take(size - (page?.length ?? 0));
    const grown = Buffer.alloc(size);
    page?.copy(grown);
    this.#pages.set(index, grown);
    return grown;
  }

  #drop(index: number, page: Buffer): void {
    this.#pages.delete(index);
    this.#room.give(page.length);
  }
}
