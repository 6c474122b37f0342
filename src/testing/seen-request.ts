import { toText, type ByteString } from '../names.js';
import type { RequestKind } from '../sftp/operation.js';
import type { SessionRequest } from '../sftp/intercept.js';
import { symlinkNames } from '../sftp/symlink-order.js';
import { normalise } from '../vfs/path.js';
import type { Attrs } from '../wire/attrs.js';
import { openFlags } from '../wire/open-flags.js';
import type { AnswerName } from './answer.js';

/**
 * What a client may ask: the requests by the names of the protocol in small letters, extensions by their names on the
 * wire, and `malformed` for a packet that makes no sense. [filexfer-02 4, 8]
 */
export type OperationName = RequestKind | 'malformed';

export type OpenFlag = keyof typeof openFlags;

/** One request as the server saw it. It never holds what was read or written. Paths are virtual, absolute, readable. */
export interface SeenRequest {
  /** Which SFTP session of which connection; of a command the connection alone. */
  readonly session: string;
  readonly account: string;
  readonly at: Date;
  /** `exec` stands for a command line, which runs outside of SFTP. */
  readonly operation: OperationName | 'exec';
  /** The request's id, which its reply carries. */
  readonly id?: number;
  /** What it is about: the path it names (of two the first; of a link its name), or the one its handle was opened by. */
  readonly path?: string;
  /** The second path: of RENAME the new name, of a link what it leads to. */
  readonly to?: string;
  /** The handle's bytes in hexadecimal. */
  readonly handle?: string;
  /** Of OPEN. */
  readonly flags?: readonly OpenFlag[];
  /** Bytes, from the beginning of the file. */
  readonly offset?: number;
  /** Bytes asked for or sent. */
  readonly length?: number;
  /** Attributes to be set: bytes, permission bits, seconds since 1970. */
  readonly size?: number;
  readonly mode?: number;
  readonly mtime?: number;
  /** The name of an extension that is not known here. */
  readonly extension?: string;
  /** Of `exec`. */
  readonly command?: string;
  /** The reply by its kind, a STATUS by the name of its code; absent while it is not answered. */
  readonly answered?: AnswerName;
  /** The code and the sentence of a STATUS. */
  readonly status?: number;
  readonly text?: string;
  /** Bytes of data in the reply to READ. */
  readonly bytes?: number;
}

type Details = Omit<SeenRequest, 'session' | 'account' | 'at' | 'operation' | 'id'>;

/** Chars that are kept of what a client sends: a packet may carry a quarter of a megabyte. */
export const mostChars = 4096;

/** What a path is called here, whatever dots and slashes the client wrote it with. */
export function plainPath(path: ByteString): string {
  const short = path.slice(0, mostChars);
  try {
    return toText(normalise(short));
  } catch {
    // No path that could exist, which is what somebody may want to see.
    return toText(short);
  }
}

/** What there is to tell of a request; `opened` gives the path that a handle was opened by. */
export function detailsOf(
  request: SessionRequest,
  client: string,
  opened: (handle: ByteString) => string | undefined,
): Details {
  const { kind } = request;
  if (kind === 'symlink') {
    const { link, target } = symlinkNames(client, request.first, request.second);
    return { path: plainPath(link), to: toText(target.slice(0, mostChars)) };
  }
  if (kind === 'hardlink@openssh.com') {
    return { path: plainPath(request.name), to: plainPath(request.existing) };
  }
  if (kind === 'unknown-extension') return { extension: toText(request.name.slice(0, mostChars)) };
  if (kind === 'copy-data') {
    const to = opened(request.to);
    return {
      ...ofHandle(request.from, opened),
      ...(to !== undefined && { to }),
      offset: request.fromOffset,
      length: request.length,
    };
  }
  return {
    ...('path' in request && { path: plainPath(request.path) }),
    ...('from' in request && { path: plainPath(request.from), to: plainPath(request.to) }),
    ...('handle' in request && ofHandle(request.handle, opened)),
    ...('flags' in request && { flags: flagNames(request.flags) }),
    ...('offset' in request && { offset: request.offset }),
    ...('start' in request && { offset: request.start }),
    ...('length' in request && { length: request.length }),
    ...('attrs' in request && ofAttrs(request.attrs)),
  };
}

function ofHandle(handle: ByteString, opened: (handle: ByteString) => string | undefined): Details {
  const path = opened(handle);
  return {
    ...(path !== undefined && { path }),
    handle: Buffer.from(handle.slice(0, mostChars), 'latin1').toString('hex'),
  };
}

function ofAttrs({ size, permissions, mtime }: Attrs): Details {
  return {
    ...(size !== undefined && { size }),
    ...(permissions !== undefined && { mode: permissions & 0o7777 }),
    ...(mtime !== undefined && { mtime }),
  };
}

function flagNames(flags: number): readonly OpenFlag[] {
  return (Object.keys(openFlags) as OpenFlag[]).filter((name) => (flags & openFlags[name]) !== 0);
}
