import { isUtf8 } from 'node:buffer';
import type { RemoteEntry, RemoteKind, RemoteStat } from '../../client/remote.js';
import { toBytes, toText, type ByteString } from '../../names.js';

/** A name of a listing, of either side, with what is known about it. */
export interface ListedEntry extends RemoteStat {
  readonly name: ByteString;
  readonly links?: number;
  readonly owner?: string;
  readonly group?: string;
  /** Where a symbolic link leads. */
  readonly target?: ByteString;
  /** The letter `ls` has for it, where it is neither file nor folder nor link. */
  readonly letter?: string;
}

/** A listed name as JSON has it. What is not known is `null`; `mode` and `mtime` are numbers as on the wire. */
export interface EntryDocument {
  readonly name: string;
  /** The name in base64, where it is not UTF-8. */
  readonly bytes?: string;
  readonly type: RemoteKind;
  readonly size: number | null;
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly owner: string | null;
  readonly group: string | null;
  readonly mtime: number | null;
  readonly target?: string;
}

export function entryDocument(entry: ListedEntry): EntryDocument {
  return {
    ...nameDocument(entry.name),
    type: entry.kind,
    size: entry.size ?? null,
    mode: entry.mode ?? null,
    uid: entry.uid ?? null,
    gid: entry.gid ?? null,
    owner: entry.owner ?? null,
    group: entry.group ?? null,
    mtime: entry.mtime ?? null,
    ...(entry.target !== undefined && { target: textOf(entry.target) }),
  };
}

/** A name in JSON: as text, and where that loses something in base64 too. */
export function nameDocument(name: ByteString): { readonly name: string; readonly bytes?: string } {
  const bytes = toBytes(name);
  return isUtf8(bytes) ? { name: textOf(name) } : { name: textOf(name), bytes: bytes.toString('base64') };
}

/** Exact where it is UTF-8: JSON has its own way to write control characters. */
export function textOf(name: ByteString): string {
  const bytes = toBytes(name);
  return isUtf8(bytes) ? bytes.toString('utf8') : toText(name);
}

/** What a server sent of a file; links, owner and group are only in the line it wrote for people [filexfer-02 6.7]. */
export function listedEntry({ name, longname, stat }: RemoteEntry): ListedEntry {
  const parts = longnameParts.exec(longname);
  const [, letter, links, owner, group] = parts ?? [];
  return {
    name,
    ...stat,
    ...(links !== undefined && /^\d+$/.test(links) && { links: Number(links) }),
    ...(owner !== undefined && { owner: interned(owner) }),
    ...(group !== undefined && { group: interned(group) }),
    ...(letter !== undefined && stat.kind === 'other' && { letter }),
  };
}

/** Bounded, since what follows is a hostile server's line. */
const longnameParts =
  /^([-bcdlps])[-rwxsStT]{9}[+.@]? {1,8}(\d{1,10}|\?) {1,8}([^ ]{1,64}) {1,64}([^ ]{1,64}) /;

/** A string of its own: a slice would keep the whole line. The same few owners stand in every line. */
const owners = new Map<string, string>();
function interned(bytes: ByteString): string {
  const known = owners.get(bytes);
  if (known !== undefined) return known;
  if (owners.size >= 1000) owners.clear();
  const text = toText(bytes);
  owners.set(toBytes(bytes).toString('latin1'), text);
  return text;
}
