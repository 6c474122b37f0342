import { isIPv6 } from 'node:net';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';

/** Where to, as it was typed; what is `null` was left open. */
export interface Destination {
  readonly user: string | null;
  /** A name, an address without brackets, or a `Host` of `~/.ssh/config`. */
  readonly host: string;
  readonly port: number | null;
  /** The folder to begin in. */
  readonly path: string | null;
}

/**
 * `[USER@]HOST`, `[USER@]HOST:PORT`, `[USER@]HOST:PATH`, the same with `[IPv6]` for the host, and
 * `sftp://[USER@]HOST[:PORT][/PATH]`. Digits alone behind the colon are a port.
 * @throws Fault `invalid`, with what is wrong
 */
export function parseDestination(text: string): Destination {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return parsePlain(text);
  if (scheme !== 'sftp') throw wrong(text, `plim speaks SFTP: write sftp:// instead of ${scheme}://`);
  return parseUrl(text);
}

/** @throws Fault `invalid` */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port >= 1 && port <= 65535)) {
    throw new Fault('invalid', `'${printable(text)}' is no port: it is a number from 1 to 65535`);
  }
  return port;
}

/** `host`, or `[host]:port` where that tells more. */
export function formatHost(host: string, port: number): string {
  if (port === 22) return host;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function parsePlain(text: string): Destination {
  if (isIPv6(text)) return checked(text, { user: null, host: text, port: null, path: null });
  const { before, behind } = cutAtColon(text);
  const { user, host } = cutAtUser(text, before);
  const port = behind !== null && /^\d+$/.test(behind) ? parsePort(behind) : null;
  return checked(text, { user, host, port, path: port === null && behind !== '' ? behind : null });
}

/** As sftp reads it: what follows the slash counts from where the login begins; `//PATH` is absolute. */
function parseUrl(text: string): Destination {
  const [, authority = '', path = ''] = /^[^:]+:\/\/([^/]*)\/?(.*)$/s.exec(text) ?? [];
  if (/[?#]/.test(authority)) throw wrong(text, 'a host has no ? or #');
  const { user: named, host } = cutAtUser(text, cutAtColon(authority, authority.lastIndexOf('@') + 1).before);
  const { behind } = cutAtColon(authority, authority.lastIndexOf('@') + 1);
  if (named?.includes(':') === true) {
    throw new Fault(
      'invalid',
      'a password in the address would be seen by others: leave it out, and answer the question or set PLIM_PASSWORD',
    );
  }
  return checked(text, {
    user: named === null ? null : decoded(text, named.replace(/;.*$/s, '')),
    host: decoded(text, host),
    port: behind === null || behind === '' ? null : parsePort(behind),
    path: path === '' ? null : decoded(text, path),
  });
}

/** The first colon that is not inside of brackets. */
function cutAtColon(text: string, from = 0): { readonly before: string; readonly behind: string | null } {
  const open = text.indexOf('[', from);
  const firstColon = text.indexOf(':', from);
  const bracketed = open >= 0 && (firstColon < 0 || open < firstColon);
  const colon = bracketed ? text.indexOf(':', Math.max(text.indexOf(']', open), open)) : firstColon;
  return colon < 0 || (bracketed && !text.includes(']', open))
    ? { before: text, behind: null }
    : { before: text.slice(0, colon), behind: text.slice(colon + 1) };
}

/** A user may hold an `@`, a host may not. */
function cutAtUser(text: string, place: string): { readonly user: string | null; readonly host: string } {
  const at = place.lastIndexOf('@');
  const user = at < 0 ? null : place.slice(0, at);
  if (user === '') throw wrong(text, 'there is no user before the @');
  const named = place.slice(at + 1);
  const bracketed = /^\[(.*)\]$/s.exec(named)?.[1];
  if (bracketed !== undefined && !isIPv6(bracketed)) throw wrong(text, `'${bracketed}' is no IPv6 address`);
  return { user, host: bracketed ?? named };
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong(text, 'a % is followed by two hexadecimal digits');
  }
}

function checked(text: string, found: Destination): Destination {
  const { host, user } = found;
  if (host === '') throw wrong(text, 'there is no host in it');
  // A name that begins with a dash is a mistyped option, and one for whatever program is given it next.
  if (host.startsWith('-') || user?.startsWith('-') === true) throw wrong(text, 'no name begins with a dash');

  if (/[\x00-\x20\x7f-\x9f/\\@[\]]/.test(host))
    throw wrong(text, 'the host has a character that no host has');

  if (/[\x00-\x1f\x7f-\x9f]/.test(`${user ?? ''}${found.path ?? ''}`))
    throw wrong(text, 'it has a control character');
  return found;
}

function wrong(text: string, why: string): Fault {
  return new Fault(
    'invalid',
    `'${printable(text)}' is not a place to go to: ${why} (write [USER@]HOST[:PORT])`,
  );
}
