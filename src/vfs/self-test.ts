import * as fs from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { Fault } from '../fault.js';
import { fromText, toBytes, type ByteString } from '../names.js';
import { mkdir, remove, rmdir, symlink } from './jail-change.js';
import { stat } from './jail-look.js';
import { open } from './jail-open.js';
import { O_PATH, type Jail } from './jail.js';

/**
 * Tries on this host, in a folder that may be written to, what the jail rests on (J1): going on from a descriptor
 * through /proc/self/fd, never through a symlink, and exact inode numbers. `serve` refuses to start without.
 * @throws Fault `unsupported` with a sentence for the operator
 */
export function assertJailWorks(folder: string): void {
  let root: number | null = null;
  const scratch = `/.plimsoll-${randomUUID()}`;
  try {
    root = fs.openSync(folder, O_PATH | fs.constants.O_DIRECTORY);
    const jail: Jail = { root, dev: fs.fstatSync(root).dev, realPath: fromText(fs.realpathSync(folder)) };
    mkdir(jail, scratch, 0o700, 0);
    try {
      tryOut(jail, scratch);
    } finally {
      for (const name of ['file', 'out']) attempt(() => remove(jail, `${scratch}/${name}`));
      attempt(() => rmdir(jail, scratch));
    }
  } catch (thrown) {
    throw new Fault(
      'unsupported',
      `homes cannot be kept apart on this host: ${reason(thrown)} (it takes Linux with /proc mounted, and a writable folder: ${folder})`,
      { cause: thrown },
    );
  } finally {
    if (root !== null) fs.closeSync(root);
  }
}

/**
 * As `assertJailWorks`, in a home that may be one to read from only: then in the folder for temporary files, which tells
 * of the host and not of the home's own filesystem.
 * @throws Fault as `assertJailWorks`
 */
export function assertJailWorksFor(home: string): void {
  assertJailWorks(mayWrite(home) ? home : tmpdir());
}

function mayWrite(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function tryOut(jail: Jail, scratch: ByteString): void {
  const file = open(jail, { path: `${scratch}/file`, create: true, exclusive: true, write: true, umask: 0 });
  fs.closeSync(file.descriptor);
  const seen = stat(jail, `${scratch}/../${scratch}/file`, true);
  if (seen.ino !== file.stats.ino || seen.dev !== jail.dev) {
    throw new Error('a file made through a descriptor is not found again');
  }
  if (!Number.isSafeInteger(seen.ino)) throw new Error('inode numbers of this filesystem are too large');
  symlink(jail, `${scratch}/out`, '/proc/self/root');
  try {
    stat(jail, `${scratch}/out`, true);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'not-found') return;
    throw thrown;
  }
  // Found below the home itself is fine; anything else is the host's.
  if (!fs.existsSync(Buffer.concat([toBytes(jail.realPath), toBytes('/proc/self/root')]))) {
    throw new Error('a symbolic link leads out of the home');
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Cleaning up after a failed try; that failure is what is told.
  }
}

function reason(thrown: unknown): string {
  const cause = thrown instanceof Fault ? (thrown.cause ?? thrown) : thrown;
  return cause instanceof Error ? cause.message : String(cause);
}
