import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { writeWhole } from './write-whole.js';

/** Calls back after so many milliseconds, unless the result was called before. */
export type After = (milliseconds: number, callback: () => void) => () => void;

/** Milliseconds for which a file stays open, so that one that was removed lets go of its space. */
const openFor = 1000;

const systemAfter: After = (milliseconds, callback) => {
  // A process that is done does not wait for it.
  const timer = setTimeout(callback, milliseconds).unref();
  return () => clearTimeout(timer);
};

/** An open file, and which one it is. */
interface Opened {
  readonly handle: FileHandle;
  readonly dev: number;
  readonly ino: number;
}

/**
 * A file that is appended to, by other processes too. It stays open between the appends of a second: opening and closing
 * it for each cost a quarter of the main thread where many small files were uploaded. Before each append it is looked
 * whether the name still stands for it, so that lines after a rotation go to the new file.
 */
export class AppendedFile {
  readonly #path: string;
  readonly #failed: (error: unknown) => void;
  readonly #after: After;
  #file: Opened | null = null;
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
      if (this.#file && !(await this.#isStill(this.#file))) await this.#letGo();
      const file = this.#file?.handle ?? (await this.#open(mended));
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
    if (!this.#appending) await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    this.#file = null;
    this.#cancel();
    try {
      await file.handle.close();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  async #isStill({ dev, ino }: Opened): Promise<boolean> {
    const named = await stat(this.#path).catch(() => null);
    return named?.dev === dev && named.ino === ino;
  }

  async #open(mended: boolean): Promise<FileHandle> {
    const { O_APPEND, O_CREAT, O_RDWR, O_WRONLY } = constants;
    const file = await open(this.#path, O_APPEND | O_CREAT | (mended ? O_RDWR : O_WRONLY), 0o600);
    const { dev, ino, size } = await file.stat().catch(async (thrown: unknown) => {
      await file.close();
      throw thrown;
    });
    this.#file = { handle: file, dev, ino };
    this.#due = false;
    this.#cancel = this.#after(openFor, () => {
      this.#due = true;
      void this.close();
    });
    if (mended) {
      const last = size > 0 ? await file.read(Buffer.alloc(1), 0, 1, size - 1) : null;
      if (last && last.buffer[0] !== 0x0a) await file.appendFile('\n');
    }
    return file;
  }
}
