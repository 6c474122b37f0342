import type { Attrs } from '../../src/wire/attrs.js';
import type { Reply, Request } from '../../src/wire/codec.js';
import { statusCodes } from '../../src/wire/status.js';
import { startRawServer, versionReply, type RawServer } from './raw-server.js';

/** What a server says is in a folder: any name, with any type, as often as it likes. */
export interface Lie {
  readonly name: string;
  /** st_mode: 0o100644 for a file, 0o040755 for a folder, 0o120777 for a symlink; left out where it is not sent. */
  readonly mode?: number;
}

export const file = 0o100644;
export const folder = 0o040755;
export const symlink = 0o120777;

/** What every file holds. */
export const content = 'evil';

export interface LyingServer extends RawServer {
  /** Paths of files that were opened. */
  readonly opened: readonly string[];
}

/**
 * A server whose folders hold what the test says. Any path is a folder if it ends like one of them, otherwise a file.
 * @param listing the batches of a folder's listing, by its path
 */
export async function startLyingServer(
  listing: (path: string) => readonly (readonly Lie[])[] | null,
): Promise<LyingServer> {
  const opened: string[] = [];
  const reading = new Map<string, (readonly Lie[])[]>();
  const status = (id: number, code: number): Reply => ({
    kind: 'status',
    id,
    code,
    message: '',
    language: '',
  });
  const attrsOf = (mode: number | undefined): Attrs => ({
    size: content.length,
    ...(mode !== undefined && { permissions: mode }),
  });
  const readdir = (id: number, handle: string): Reply => {
    const batch = reading.get(handle)?.shift();
    if (!batch) return status(id, statusCodes.eof);
    const entries = batch.map(({ name, mode }) => ({ name, longname: name, attrs: attrsOf(mode) }));
    return { kind: 'name', id, entries };
  };
  const answer = (request: Request): Reply => {
    const { kind } = request;
    if (kind === 'init') return versionReply();
    const { id } = request;
    if (kind === 'stat' || kind === 'lstat') {
      return { kind: 'attrs', id, attrs: attrsOf(listing(request.path) ? folder : file) };
    }
    if (kind === 'fstat') return { kind: 'attrs', id, attrs: attrsOf(file) };
    if (kind === 'opendir') {
      const handle = String(reading.size);
      reading.set(handle, [...(listing(request.path) ?? [])]);
      return { kind: 'handle', id, handle };
    }
    if (kind === 'readdir') return readdir(id, request.handle);
    if (kind === 'open') {
      opened.push(request.path);
      return { kind: 'handle', id, handle: 'file' };
    }
    if (kind === 'read') {
      const data = Buffer.from(content.slice(request.offset, request.offset + request.length));
      if (data.length === 0) return status(id, statusCodes.eof);
      return { kind: 'data', id, length: data.length, data: [data] };
    }
    return status(id, kind === 'close' ? statusCodes.ok : statusCodes.opUnsupported);
  };
  return { ...(await startRawServer({ answer })), opened };
}
