import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { diskFault } from './errno.js';
import { self } from './jail.js';

/**
 * fs calls on descriptors, through libuv's pool, failing with faults. Descriptors come from path threads as plain
 * numbers, which Node's promise API cannot take.
 */
const raw = {
  open: promisify(fs.open) as (path: string, flags: number) => Promise<number>,
  read: (descriptor: number, into: Buffer, offset: number, position: number): Promise<number> =>
    new Promise((resolve, reject) =>
      fs.read(descriptor, into, offset, into.length - offset, position, (error, count) =>
        error ? reject(error) : resolve(count),
      ),
    ),
  /** @param position `null` is the end, for a descriptor opened with O_APPEND */
  writev: (descriptor: number, slices: readonly Buffer[], position: number | null): Promise<number> =>
    new Promise((resolve, reject) => {
      const done = (error: Error | null, count: number): void => (error ? reject(error) : resolve(count));
      const [only] = slices;
      if (only && slices.length === 1) fs.write(descriptor, only, 0, only.length, position, done);
      // Node takes null for "here"; its types leave it out.
      else fs.writev(descriptor, slices, position as number, done);
    }),
  stat: promisify(fs.fstat) as (descriptor: number) => Promise<fs.Stats>,
  truncate: promisify(fs.ftruncate) as (descriptor: number, size: number) => Promise<void>,
  chmod: promisify(fs.fchmod),
  chown: promisify(fs.fchown),
  utimes: promisify(fs.futimes),
  sync: promisify(fs.fsync),
  close: promisify(fs.close),
  space: (descriptor: number): Promise<fs.BigIntStatsFs> =>
    new Promise((resolve, reject) =>
      fs.statfs(self(descriptor), { bigint: true }, (error, figures) =>
        error ? reject(error) : resolve(figures),
      ),
    ),
};

export type DiskCalls = typeof raw;

function failingWithFaults<A extends unknown[], R>(
  call: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return (...args) =>
    call(...args).catch((thrown: unknown) => {
      throw diskFault(thrown);
    });
}

export const disk: DiskCalls = {
  open: failingWithFaults(raw.open),
  read: failingWithFaults(raw.read),
  writev: failingWithFaults(raw.writev),
  stat: failingWithFaults(raw.stat),
  truncate: failingWithFaults(raw.truncate),
  chmod: failingWithFaults(raw.chmod),
  chown: failingWithFaults(raw.chown),
  utimes: failingWithFaults(raw.utimes),
  sync: failingWithFaults(raw.sync),
  close: failingWithFaults(raw.close),
  space: failingWithFaults(raw.space),
};
