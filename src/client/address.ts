import { printable } from '../observe/printable.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** For sentences: `example.org`, `example.org:2222`, `[::1]:2222`. */
export function shownAddress({ host, port }: Address): string {
  const name = printable(host);
  if (port === 22) return name;
  return host.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}
