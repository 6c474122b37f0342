import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Writes all bytes where the descriptor stands, in one write if the system takes them so. */
export async function writeWhole(descriptor: number, bytes: Buffer): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += await new Promise<number>((resolve, reject) => {
        write(descriptor, bytes, done, bytes.length - done, null, (error, written) => {
          if (error) reject(error);
          else resolve(written);
        });
      });
    } catch (thrown) {
      // A terminal or pipe that somebody made non-blocking, and that is full.
      if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
      await wait(20);
    }
  }
}
