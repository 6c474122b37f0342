import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../fault.js';
import { hashedName, namesHost, parseKnownHosts, type KnownKey } from './known-hosts.js';

/** A key that a file knows for a host. */
export interface FoundKey extends KnownKey {
  readonly file: string;
}

/** Bytes; a hundred thousand hosts fit. */
const largestFile = 64 * 2 ** 20;

/**
 * The keys that the files know for a host. A file that is not there knows none.
 * @throws Fault `invalid` for a file that cannot be read: a revoked or changed key in it must not go unseen
 */
export function findKnownKeys(files: readonly string[], name: string): readonly FoundKey[] {
  return files.flatMap((file) =>
    parseKnownHosts(readKnownHosts(file))
      .filter(({ names }) => namesHost(names, name))
      .map((key) => ({ ...key, file })),
  );
}

function readKnownHosts(file: string): string {
  try {
    const descriptor = openSync(file, 'r');
    try {
      if (fstatSync(descriptor).size > largestFile) {
        throw new Fault('invalid', `${file} is too large for a file of known hosts`);
      }
      return readFileSync(descriptor, 'latin1');
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw new Fault('invalid', `the known hosts in ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Characters of names and addresses; any other could end the field or the line, or be read as a pattern. */
const plainName = /^[a-z0-9._:[\]%-]+$/;

/**
 * Adds a key in one write, so that a program doing the same at that moment loses none. File and folder are made where
 * they are missing, readable by their owner alone.
 */
export function addKnownKey(
  file: string,
  name: string,
  key: { readonly type: string; readonly blob: Buffer },
): void {
  const names = plainName.test(name) ? name : hashedName(name);
  const line = `${names} ${key.type} ${key.blob.toString('base64')}\n`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const descriptor = openSync(file, 'a+', 0o600);
  try {
    writeSync(descriptor, endsWithinLine(descriptor) ? `\n${line}` : line);
  } finally {
    closeSync(descriptor);
  }
}

function endsWithinLine(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}
