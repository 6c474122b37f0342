import { createHash } from 'node:crypto';
import { Fault } from '../../fault.js';
import { hashAlgorithms, hashLength, type HashAlgorithm } from '../../hash/algorithms.js';
import type { ByteString } from '../../names.js';
import type { Handle } from '../../vfs/vfs.js';
import { encodeExtendedReply } from '../../wire/codec.js';
import type { SessionContext } from '../context.js';
import { maxPacket } from '../../wire/limits.js';
import type { RequestOf } from '../operation.js';

interface HashRange {
  readonly start: number;
  /** 0: up to the end. */
  readonly length: number;
  /** 0: one hash of the whole range. */
  readonly blockSize: number;
}

/** Room beside the hashes in a check-file reply: id, "check-file", algorithm. */
const replyHead = 256;

/** The draft's least block; smaller ones would make a reply larger than the file. */
const leastBlock = 256;

/** The first of the client's algorithms that is known here [filexfer-extensions-00 3.2]. */
function choose(algorithms: ByteString): HashAlgorithm {
  const known = algorithms
    .split(',')
    .find((name): name is HashAlgorithm => Object.hasOwn(hashAlgorithms, name));
  if (known === undefined) {
    throw new Fault(
      'unsupported',
      `none of these hashes is known here; known are ${Object.keys(hashAlgorithms).join(', ')}`,
    );
  }
  return known;
}

async function hashed(
  file: Handle,
  algorithms: ByteString,
  range: HashRange,
  { hashes, signal }: SessionContext,
): Promise<{ readonly algorithm: HashAlgorithm; readonly hashes: Buffer }> {
  const algorithm = choose(algorithms);
  if (range.blockSize !== 0 && range.blockSize < leastBlock) {
    throw new Fault('invalid', `a block to hash has at least ${leastBlock} bytes`);
  }
  await refuseTooMany(file, range, hashLength(algorithm));
  const result = await hashes.hash(
    (into, position) => file.read(into, position),
    { algorithm, ...range },
    signal,
  );
  const joined = Buffer.concat(result.hashes);
  // The file may have grown since it was measured.
  if (joined.length > maxPacket - replyHead) throw tooMany(0);
  return { algorithm, hashes: joined };
}

/** Hashes that would not fit one packet are refused before any work is done. */
async function refuseTooMany(file: Handle, range: HashRange, each: number): Promise<void> {
  if (range.blockSize === 0) return;
  const { size } = await file.stat();
  const rest = Math.max(0, size - range.start);
  const length = range.length === 0 ? rest : Math.min(range.length, rest);
  const most = Math.floor((maxPacket - replyHead) / each);
  if (Math.ceil(length / range.blockSize) > most) throw tooMany(Math.ceil(length / most));
}

function tooMany(leastBlockSize: number): Fault {
  const advice = leastBlockSize > 0 ? `: ask for blocks of at least ${leastBlockSize} bytes` : '';
  return new Fault('invalid', `the hashes do not fit one reply${advice}`);
}

/** Uses an open file when its turn has come (T7). */
function byHandle<T>(
  { handles, gate, signal }: SessionContext,
  handle: ByteString,
  use: (file: Handle) => Promise<T>,
): Promise<T> {
  const { file } = handles.file(handle);
  return gate.pass(signal, () => use(file));
}

/** The same with a file that is opened for it, not before its turn: who waits holds no descriptor. */
function byPath<T>(
  { vfs, gate, signal }: SessionContext,
  path: ByteString,
  use: (file: Handle) => Promise<T>,
): Promise<T> {
  return gate.pass(signal, async () => {
    const file = await vfs.open(path, { read: true });
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  });
}

/** check-file-name, in the form of WinSCP and ProFTPD: no "check-file" string in the reply [PROTOCOL 4.13]. */
export async function checkFileName(
  request: RequestOf<'check-file-name'>,
  context: SessionContext,
): Promise<Buffer> {
  const reply = await byPath(context, request.path, (file) =>
    hashed(file, request.algorithms, request, context),
  );
  return encodeExtendedReply(request.id, 'check-file-name', reply);
}

/** check-file-handle, in the same form [PROTOCOL 4.13]. */
export async function checkFileHandle(
  request: RequestOf<'check-file-handle'>,
  context: SessionContext,
): Promise<Buffer> {
  const reply = await byHandle(context, request.handle, (file) =>
    hashed(file, request.algorithms, request, context),
  );
  return encodeExtendedReply(request.id, 'check-file-handle', reply);
}

/** check-file, in the form of paramiko: a handle, and "check-file" leads the reply [PROTOCOL 4.13]. */
export async function checkFile(request: RequestOf<'check-file'>, context: SessionContext): Promise<Buffer> {
  const reply = await byHandle(context, request.handle, (file) =>
    hashed(file, request.algorithms, request, context),
  );
  return encodeExtendedReply(request.id, 'check-file', reply);
}

/** Bytes that the quick check of md5-hash covers [filexfer-extensions-00 3.1]. */
const quickCheckLength = 2048;

async function md5(
  file: Handle,
  range: { readonly start: number; readonly length: number; readonly quickCheck: Buffer },
  context: SessionContext,
): Promise<{ readonly hash: Buffer }> {
  if (range.quickCheck.length > 0) {
    const head = Buffer.alloc(
      range.length === 0 ? quickCheckLength : Math.min(quickCheckLength, range.length),
    );
    const bytesRead = await file.read(head, range.start);
    const quick = createHash('md5').update(head.subarray(0, bytesRead)).digest();
    if (!quick.equals(range.quickCheck)) return { hash: Buffer.alloc(0) };
  }
  const { start, length } = range;
  const { hashes } = await hashed(file, 'md5', { start, length, blockSize: 0 }, context);
  return { hash: hashes };
}

/** md5-hash [filexfer-extensions-00 3.1]. */
export async function md5Hash(request: RequestOf<'md5-hash'>, context: SessionContext): Promise<Buffer> {
  const reply = await byPath(context, request.path, (file) => md5(file, request, context));
  return encodeExtendedReply(request.id, 'md5-hash', reply);
}

/** md5-hash-handle [filexfer-extensions-00 3.1]. */
export async function md5HashHandle(
  request: RequestOf<'md5-hash-handle'>,
  context: SessionContext,
): Promise<Buffer> {
  const reply = await byHandle(context, request.handle, (file) => md5(file, request, context));
  return encodeExtendedReply(request.id, 'md5-hash-handle', reply);
}
