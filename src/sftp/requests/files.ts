import { Fault } from '../../fault.js';
import { dataHeaderLength, encodeAttrs, encodeHandle, writeDataHeader } from '../../wire/codec.js';
import { openFlags } from '../../wire/open-flags.js';
import { attrsOf, setAttributesOf } from '../attributes.js';
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
  const handle = await handles.open(async () => ({
    kind: 'file',
    append,
    file: await vfs.open(request.path, {
      read,
      write,
      append,
      create: has(openFlags.create),
      exclusive: has(openFlags.exclusive),
      truncate: has(openFlags.truncate),
      ...(mode !== undefined && { mode }),
    }),
  }));
  return encodeHandle(request.id, handle);
}

/** CLOSE [filexfer-02 6.3], of a file or a folder. */
export async function close(request: RequestOf<'close'>, { handles }: SessionContext): Promise<Buffer> {
  await handles.close(request.handle);
  return success(request.id);
}

/** A DATA reply that fills less of its buffer than this is copied, so that it does not pin the rest while it waits. */
const wasteful = 0.5;

/** READ [filexfer-02 6.4]: the bytes are read straight behind the header of the DATA reply. */
export async function read(request: RequestOf<'read'>, { handles }: SessionContext): Promise<Buffer> {
  const { file } = handles.file(request.handle);
  const length = Math.min(request.length, maxBlock);
  const reply = Buffer.allocUnsafe(dataHeaderLength + length);
  const bytesRead = await file.read(reply.subarray(dataHeaderLength), request.offset);
  if (bytesRead === 0 && length > 0) throw new Fault('end-of-file');
  writeDataHeader(reply, request.id, bytesRead);
  const used = reply.subarray(0, dataHeaderLength + bytesRead);
  return used.length < reply.length * wasteful ? Buffer.from(used) : used;
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
