import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { printable } from '../observe/printable.js';
import { maxBlock } from '../wire/limits.js';
import { readVendorId } from '../wire/vendor-id.js';
import type { RemoteFacts } from './remote.js';
import type { Session } from './session.js';

/** What every server takes that says nothing else [filexfer-02 3]. */
const smallBlock = 32_768;

/** What is asked first: where the session starts is what most ask next, so it comes in the same round trip. */
export interface FirstQuestions {
  readonly sizes: Promise<Pick<RemoteFacts, 'maxRead' | 'maxWrite'>>;
  readonly start: Promise<ByteString | null>;
}

/** Servers that are known to read what follows INIT at once, and to refuse politely what they do not know. */
export function isKnown(ident: string): boolean {
  return /^SSH-2\.0-(OpenSSH|Plimsoll)_/.test(ident);
}

/** @param extensions what VERSION announced; without it the server is asked all the same */
export function firstQuestions(session: Session, extensions?: ReadonlyMap<string, string>): FirstQuestions {
  const start = session
    .get('name', { kind: 'realpath', path: '.' })
    .then(({ entries }) => entries[0]?.name ?? null);
  const sizes =
    extensions && !extensions.has('limits@openssh.com')
      ? Promise.resolve({ maxRead: smallBlock, maxWrite: smallBlock })
      : blockSizes(session);
  for (const question of [start, sizes]) question.catch(() => undefined);
  return { sizes, start };
}

/** The largest READ and WRITE, in bytes. [limits@openssh.com] */
async function blockSizes(session: Session): Promise<Pick<RemoteFacts, 'maxRead' | 'maxWrite'>> {
  try {
    const limits = await session.get('limits@openssh.com', { kind: 'limits@openssh.com' });
    return { maxRead: bounded(limits.maxReadLength), maxWrite: bounded(limits.maxWriteLength) };
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code === 'no-connection') throw thrown;
    return { maxRead: smallBlock, maxWrite: smallBlock };
  }
}

/** 0 says that there is no limit; ours is the largest packet. Less than a few KiB is a server that wants us to crawl. */
function bounded(bytes: number): number {
  return bytes === 0 ? maxBlock : Math.max(4096, Math.min(bytes, maxBlock));
}

/** What `vendor-id` says, where it is sent and can be read. */
export function productOf(extensions: ReadonlyMap<string, string>): RemoteFacts['product'] {
  const value = extensions.get('vendor-id');
  if (value === undefined) return null;
  try {
    const { vendor, product, version } = readVendorId(value);
    return { vendor: printable(vendor), name: printable(product), version: printable(version) };
  } catch {
    return null;
  }
}

/** Servers whose RENAME makes the new name by a link, which never replaces. [PROTOCOL 3.3] */
export function renameKeeps(ident: string, product: RemoteFacts['product']): boolean {
  return ident.startsWith('SSH-2.0-OpenSSH_') || product?.name === 'Plimsoll';
}
