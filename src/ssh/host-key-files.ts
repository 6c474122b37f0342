import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../fault.js';
import { formatPublicKey, publicKey, type KeyType } from '../publickey/public-key.js';
import { hostKeysOf, readPrivateKey, type HostKeys } from './host-keys.js';
import type { ParsedKey } from './internals.js';
import { privateKeyFile } from './private-key-file.js';

interface Kind {
  readonly type: KeyType;
  readonly file: string;
  readonly make: () => Promise<KeyObject>;
}

const generate = promisify(generateKeyPair);

const kinds: readonly Kind[] = [
  {
    type: 'ssh-ed25519',
    file: 'ssh_host_ed25519_key',
    make: async () => (await generate('ed25519')).privateKey,
  },
  {
    type: 'ssh-rsa',
    file: 'ssh_host_rsa_key',
    make: async () => (await generate('rsa', { modulusLength: 3072 })).privateKey,
  },
];

const maxFile = 64 * 1024;

/**
 * Reads the host keys in `folder`, and makes those that are missing.
 * @throws Fault `denied` or `invalid`, with a sentence that says what to do, when a key cannot be trusted or read
 */
export async function loadHostKeys(folder: string): Promise<HostKeys> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  closeFolder(folder);
  const loaded: ParsedKey[] = [];
  for (const kind of kinds) {
    const file = path.join(folder, kind.file);
    if (!lstatSync(file, { throwIfNoEntry: false }))
      make(file, privateKeyFile(await kind.make(), 'plimsoll'));
    loaded.push(read(file, kind.type));
  }
  return hostKeysOf(loaded);
}

/** Who could write to the folder could put another key there. A fresh clone has it readable, which is put right. */
function closeFolder(folder: string): void {
  const stat = lstatSync(folder);
  if (!stat.isDirectory())
    throw new Fault('denied', `${folder} is not a folder: host keys need one of their own`);
  if (stat.uid !== process.geteuid?.()) {
    throw new Fault('denied', `${folder} belongs to another user: host keys need a folder of this user`);
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/** Complete before it has its name, so that of two processes that start together one key wins and both read it. */
function make(file: string, made: { readonly text: string; readonly publicBlob: Buffer }): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  write(draft, made.text);
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return;
  } finally {
    unlinkSync(draft);
  }
  const { type, blob } = publicKey(made.publicBlob, '');
  const beside = `${file}.pub`;
  if (lstatSync(beside, { throwIfNoEntry: false })) unlinkSync(beside);
  write(beside, `${formatPublicKey({ type, blob, comment: 'plimsoll' })}\n`);
}

function write(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function read(file: string, type: KeyType): ParsedKey {
  const found = readable(file);
  if (found.type === type) return found;
  throw new Fault('invalid', `host key ${file} is not a private ${type} key: ${remedy}`);
}

const remedy = 'remove it, and a new one is made';

function readable(file: string): ParsedKey {
  try {
    return readPrivateKey(trusted(file), `host key ${file}`);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'invalid') throw thrown;
    throw new Fault('invalid', `${thrown.message}: ${remedy}`, { cause: thrown.cause });
  }
}

/** The bytes of a file that nobody else can read or has put there. */
function trusted(file: string): Buffer {
  const descriptor = opened(file);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > maxFile)
      throw new Fault('invalid', `host key ${file} is not a key file`);
    if (stat.uid !== process.geteuid?.()) {
      throw new Fault(
        'denied',
        `host key ${file} belongs to another user: it must belong to the one who serves`,
      );
    }
    if ((stat.mode & 0o077) !== 0) {
      throw new Fault('denied', `host key ${file} can be read by others: run chmod 600 ${file}`);
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function opened(file: string): number {
  try {
    // Without O_NONBLOCK a FIFO of that name would hold the start up for ever.
    return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ELOOP')
      throw new Fault('denied', `host key ${file} is a symbolic link: put the key itself there`);
    throw new Fault('denied', `host key ${file} cannot be read: ${String(code)}`, { cause });
  }
}
