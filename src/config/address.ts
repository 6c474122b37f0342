import { isIPv6 } from 'node:net';

export interface Address {
  /** A host name or an IP address without brackets. */
  readonly host: string;
  /** 0 lets the system pick one. */
  readonly port: number;
}

/** `HOST:PORT` or `[IPv6]:PORT`; `null` for anything else. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([^[\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (!match) return null;
  const [, bracketed, plain, digits] = match;
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  return port <= 65_535 && (bracketed === undefined || isIPv6(host)) ? { host, port } : null;
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs of the same machine can connect to the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host);
}
