import { Fault } from '../../fault.js';
import type { OpenOptions } from '../../vfs/vfs.js';
import { dataHeaderLength, encodeAttrs, encodeHandle, writeDataHeader } from '../../wire/codec.js';
import { openFlags } from '../../wire/open-flags.js';
import { attrsOf, setAttributesOf } from '../attributes.js';
import type { BlockPool } from '../block-pool.js';
import type { SessionContext } from '../context.js';
import { success } from '../fault-to-status.js';
import { maxBlock } from '../../wire/limits.js';
import type { RequestOf } from '../operation.js';

/** OPEN [filexfer-02 6.3]. */
export async function open(request: RequestOf<'open'>, { vfs, handles }: SessionContext): Promise<Buffer> {
  const { flags } = request;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const append = has(openFlags.append);
  const write = has(openFlags.write) || append;
  const read = has(openFlags.read) || !write;
  if (has(openFlags.exclusive) && !has(openFlags.create)) {
    throw new Fault('invalid', 'OPEN with EXCL needs CREAT too');
  }
  const { mode } = setAttributesOf(request.attrs);
  const options: OpenOptions = {
    read,
    write,
    append,
    create: has(openFlags.create),
    exclusive: has(openFlags.exclusive),
    truncate: has(openFlags.truncate),
    ...(mode !== undefined && { mode }),
  };
  const handle = await handles.openFile(() => vfs.open(request.path, options), append);
  return encodeHandle(request.id, handle);
}

/** CLOSE [filexfer-02 6.3], of a file or a folder. */
export async function close(request: RequestOf<'close'>, { handles }: SessionContext): Promise<Buffer> {
  await handles.close(request.handle);
  return success(request.id);
}

/** READ [filexfer-02 6.4]: the bytes are read straight behind the header of the DATA reply. */
export async function read(request: RequestOf<'read'>, { handles, blocks }: SessionContext): Promise<Buffer> {
  const { file } = handles.file(request.handle);
  const length = Math.min(request.length, maxBlock);
  const block = blocks.take(dataHeaderLength + length);
  try {
    const bytesRead = await file.read(block.subarray(dataHeaderLength), request.offset);
    if (bytesRead === 0 && length > 0) throw new Fault('end-of-file');
    writeDataHeader(block, request.id, bytesRead);
    return whole(block.subarray(0, dataHeaderLength + bytesRead), blocks);
  } catch (thrown) {
    blocks.give(block);
    throw thrown;
  }
}

/** A short reply is copied, so that it does not hold a large block while it waits to be sent. */
function whole(reply: Buffer, blocks: BlockPool): Buffer {
  if (reply.length >= reply.buffer.byteLength / 2 || !blocks.owns(reply)) return reply;
  const copy = Buffer.from(reply);
  blocks.give(reply);
  return copy;
}

/** WRITE [filexfer-02 6.4]. */
export async function write(request: RequestOf<'write'>, { handles }: SessionContext): Promise<Buffer> {
  const { file } = handles.file(request.handle);
  await file.write(request.data, request.offset);
  return success(request.id);
}

/** FSTAT [filexfer-02 6.8]. */
export async function fstat(request: RequestOf<'fstat'>, { handles }: SessionContext): Promise<Buffer> {
  return encodeAttrs(request.id, attrsOf(await handles.file(request.handle).file.stat()));
}

/** FSETSTAT [filexfer-02 6.9]. */
export async function fsetstat(request: RequestOf<'fsetstat'>, { handles }: SessionContext): Promise<Buffer> {
  await handles.file(request.handle).file.set(setAttributesOf(request.attrs));
  return success(request.id);
}

/** fsync@openssh.com [PROTOCOL 4.5]. */
export async function fsync(
  request: RequestOf<'fsync@openssh.com'>,
  context: SessionContext,
): Promise<Buffer> {
  await context.handles.file(request.handle).file.sync();
  return success(request.id);
}
