import { printable } from '../observe/printable.js';
import type { InnerProtocol } from './internals.js';

/** Bytes of a server's identification and of what it says before; OpenSSH's client takes about as much. */
const mostBytes = 65_536;

/** What a server said first. */
export interface ServerIdent {
  /** The identification string without line end, or `null` while it has not come. [RFC 4253 4.2] */
  readonly ident: string | null;
  /** The first line, for when there never is one. */
  readonly firstLine: string | null;
}

/**
 * Gathers the server's identification, however it is cut up: ssh2 loses a line that arrives in three pieces or more, and
 * would take 8 MB of other lines before it.
 */
export function gatherIdent(protocol: InnerProtocol): ServerIdent {
  const parseHeader = protocol._parse;
  let gathered: Buffer = Buffer.alloc(0);
  let ident: string | null = null;
  protocol._parse = (chunk, from, to) => {
    gathered = Buffer.concat([gathered, chunk.subarray(from, to)]);
    ident = identIn(gathered);
    if (ident !== null) {
      protocol._parse = parseHeader;
      protocol.parse(gathered, 0, gathered.length);
    } else if (gathered.length > mostBytes) {
      throw new Error('no identification came');
    }
    return to;
  };
  return {
    get ident() {
      return ident;
    },
    get firstLine() {
      const line = gathered.toString('latin1', 0, 200).split(/[\r\n]/, 1)[0] ?? '';
      return line === '' ? null : printable(line);
    },
  };
}

function identIn(gathered: Buffer): string | null {
  const match = /^SSH-[^\n]*(?=\n)/m.exec(gathered.toString('latin1', 0, mostBytes));
  return match ? match[0].replace(/\r$/, '') : null;
}
