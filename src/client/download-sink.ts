import type { Writable } from 'node:stream';
import { Fault } from '../fault.js';
import type { LocalFile } from './local-files.js';
import { errorCode } from './local-fault.js';
import { unlessAborted } from './unless-aborted.js';

/** Where the bytes of a download go, in order. */
export interface DownloadSink {
  /** Takes the next bytes; waits while it has taken more than it could pass on. */
  write(chunk: Buffer): Promise<void>;
  /** All that was taken is passed on. */
  flush(): Promise<void>;
  /** Forgets all bytes, so that they can come anew; `null` where they have gone for good. */
  readonly restart: (() => Promise<void>) | null;
}

/** Bytes written to the disk at once, and bytes held at most while that lasts. */
const block = 256 * 1024;
const mostHeld = 4 * block;

/** A local file that grows from some place on, without gaps. */
export class FileSink implements DownloadSink {
  readonly #file: LocalFile;
  #position: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #writing: Promise<void> | null = null;
  #failed: Fault | null = null;

  constructor(file: LocalFile, position: number) {
    this.#file = file;
    this.#position = position;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes >= block) this.#start();
    if (this.#heldBytes >= mostHeld) await this.#writing;
    if (this.#failed) throw this.#failed;
  }

  async flush(): Promise<void> {
    while (this.#failed === null && (this.#writing || this.#heldBytes > 0)) {
      this.#start();
      await this.#writing;
    }
    if (this.#failed) throw this.#failed;
  }

  readonly restart = async (): Promise<void> => {
    await this.flush();
    await this.#file.truncate(0);
    this.#position = 0;
  };

  #start(): void {
    if (this.#writing || this.#failed) return;
    const chunks = this.#held;
    const position = this.#position;
    this.#position += this.#heldBytes;
    this.#held = [];
    this.#heldBytes = 0;
    this.#writing = this.#file.write(chunks, position).then(
      () => {
        this.#writing = null;
        if (this.#heldBytes >= block) this.#start();
      },
      (thrown: unknown) => {
        this.#writing = null;
        this.#failed = thrown instanceof Fault ? thrown : new Fault('failure', undefined, { cause: thrown });
      },
    );
  }
}

/** A stream, which is not ended: it may be standard output. What was written cannot be taken back. */
export class StreamSink implements DownloadSink {
  readonly restart = null;
  readonly #writable: Writable;
  readonly #signal: AbortSignal;
  #broken: Fault | null = null;

  constructor(writable: Writable, signal: AbortSignal) {
    this.#writable = writable;
    this.#signal = signal;
    // Stays: a pipe may tell of its end long after the last write, and nobody else may be listening.
    writable.on('error', (error) => (this.#broken ??= brokenBy(error)));
    writable.once('close', () => (this.#broken ??= brokenBy(null)));
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#broken) throw this.#broken;
    const written = new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(this.#broken ?? brokenBy(null));
      this.#writable.once('close', closed);
      this.#writable.write(chunk, (error) => {
        this.#writable.off('close', closed);
        if (error) reject((this.#broken ??= brokenBy(error)));
        else resolve();
      });
    });
    await unlessAborted(written, this.#signal);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}

function brokenBy(error: Error | null): Fault {
  const code = errorCode(error);
  if (error === null || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') {
    return new Fault('cancelled', 'whoever read the output went away', { cause: error });
  }
  return new Fault(
    code === 'ENOSPC' ? 'no-space' : 'failure',
    `the output cannot be written: ${error.message}`,
    {
      cause: error,
    },
  );
}
