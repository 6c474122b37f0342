import type { ByteString } from '../names.js';

/**
 * Clients that send SYMLINK in the order of the draft (link, then target) because our ident is not OpenSSH's. All
 * others follow OpenSSH's server, which reads (target, link) [PROTOCOL 3.2]. libssh2, and so curl, is not libssh.
 */
const draftOrder = /^SSH-2\.0-(WinSCP|libssh[-_]|ssh2js|AsyncSSH)/i;

export interface SymlinkNames {
  readonly link: ByteString;
  readonly target: ByteString;
}

/** Which of SYMLINK's two strings is which, by the client's identification string (RFC 4253 4.2). */
export function symlinkNames(clientIdent: string, first: ByteString, second: ByteString): SymlinkNames {
  return draftOrder.test(clientIdent) ? { link: first, target: second } : { link: second, target: first };
}
