import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { writeWhole } from './write-whole.js';

/** Calls back after so many milliseconds, unless the result was called before. */
export type After = (milliseconds: number, callback: () => void) => () => void;

/** Milliseconds for which a file stays open, and for which lines may still go to one that was renamed or removed. */
const openFor = 1000;

const systemAfter: After = (milliseconds, callback) => {
  // A process that is done does not wait for it.
  const timer = setTimeout(callback, milliseconds).unref();
  return () => clearTimeout(timer);
};

/**
 * A file that is appended to, by other processes too. It stays open between the appends of a second: opening and closing
 * it for each cost a quarter of the main thread where many small files were uploaded. After that it is opened anew, so
 * that a file that was rotated or removed is let go of, whether or not anything is appended.
 */
export class AppendedFile {
  readonly #path: string;
  readonly #failed: (error: unknown) => void;
  readonly #after: After;
  #file: FileHandle | null = null;
  #cancel: () => void = () => undefined;
  #appending = false;
  #due = false;

  /** @param failed told when a file cannot be closed, as on a full disk of another machine */
  constructor(path: string, failed: (error: unknown) => void, after: After = systemAfter) {
    this.#path = path;
    this.#failed = failed;
    this.#after = after;
  }

  /**
   * Appends whole lines in one write; one call at a time.
   * @param mended the last append failed, perhaps in the middle of a line: what follows must not be glued to that
   */
  async append(bytes: Buffer, mended: boolean): Promise<void> {
    this.#appending = true;
    try {
      const file = this.#file ?? (await this.#open(mended));
      // Not appendFile, which writes large batches in several parts: another process's lines could come between.
      await writeWhole(file.fd, bytes);
    } catch (thrown) {
      this.#due = true;
      throw thrown;
    } finally {
      this.#appending = false;
      if (this.#due) await this.close();
    }
  }

  /** Lets go of the file; the next append opens it again. */
  async close(): Promise<void> {
    const file = this.#file;
    if (!file || this.#appending) return;
    this.#file = null;
    this.#cancel();
    try {
      await file.close();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  async #open(mended: boolean): Promise<FileHandle> {
    const { O_APPEND, O_CREAT, O_RDWR, O_WRONLY } = constants;
    const file = await open(this.#path, O_APPEND | O_CREAT | (mended ? O_RDWR : O_WRONLY), 0o600);
    this.#file = file;
    this.#due = false;
    this.#cancel = this.#after(openFor, () => {
      this.#due = true;
      void this.close();
    });
    if (mended) {
      const { size } = await file.stat();
      const last = size > 0 ? await file.read(Buffer.alloc(1), 0, 1, size - 1) : null;
      if (last && last.buffer[0] !== 0x0a) await file.appendFile('\n');
    }
    return file;
  }
}
