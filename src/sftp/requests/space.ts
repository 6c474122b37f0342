import { blockSize, inBlocks } from '../../vfs/blocks.js';
import type { Space } from '../../vfs/vfs.js';
import { encodeExtendedReply } from '../../wire/codec.js';
import { filesystemFlags } from '../../wire/extensions.js';
import type { SessionContext } from '../context.js';
import type { RequestOf } from '../operation.js';

function statvfsFields(space: Space) {
  const { total, free } = inBlocks(space);
  return {
    // WinSCP multiplies by the one, others by the other [PROTOCOL 4.3].
    bsize: blockSize,
    frsize: blockSize,
    blocks: total,
    bfree: free,
    bavail: free,
    files: space.filesTotal,
    ffree: space.filesFree,
    favail: space.filesFree,
    fsid: 0,
    flag: filesystemFlags.noSetuid | (space.readOnly ? filesystemFlags.readOnly : 0),
    namemax: space.nameMax,
  };
}

/** statvfs@openssh.com [PROTOCOL 4.3]. */
export async function statvfs(
  request: RequestOf<'statvfs@openssh.com'>,
  { vfs }: SessionContext,
): Promise<Buffer> {
  return encodeExtendedReply(request.id, 'statvfs@openssh.com', statvfsFields(await vfs.space(request.path)));
}

/** fstatvfs@openssh.com [PROTOCOL 4.3]. */
export async function fstatvfs(
  request: RequestOf<'fstatvfs@openssh.com'>,
  { handles }: SessionContext,
): Promise<Buffer> {
  const space = await handles.file(request.handle).file.space();
  return encodeExtendedReply(request.id, 'fstatvfs@openssh.com', statvfsFields(space));
}

/** space-available [filexfer-extensions-00 4]: exact bytes. */
export async function spaceAvailable(
  request: RequestOf<'space-available'>,
  { vfs }: SessionContext,
): Promise<Buffer> {
  const space = await vfs.space(request.path);
  return encodeExtendedReply(request.id, 'space-available', {
    bytesOnDevice: space.bytesTotal,
    unusedBytesOnDevice: space.bytesFree,
    bytesAvailableToUser: space.bytesTotal,
    unusedBytesAvailableToUser: space.bytesFree,
    bytesPerAllocationUnit: blockSize,
  });
}
