import { Fault } from '../fault.js';
import { printable } from '../observe/printable.js';
import type { LoginReport } from './login-report.js';

/** How far a connection came. */
export type Stage = 'key exchange' | 'login' | 'session';

/** What is known of a connection that ended without being asked to. */
export interface Ending {
  /** Of the server, for sentences. */
  readonly at: string;
  readonly stage: Stage;
  /** ssh2's or the socket's; `null` where the other side just closed. */
  readonly error: Error | null;
  /** The server's DISCONNECT [RFC 4253 11.1]. */
  readonly disconnect: { readonly reason: number; readonly text: string } | null;
  readonly ident: string | null;
  readonly firstLine: string | null;
  readonly report: LoginReport;
  /** What it said on stderr, of which the last line counts. */
  readonly lastWords: string;
}

/** Characters of what a server says that are shown. */
const longestText = 500;

export function serverText(text: string): string {
  return printable(text.slice(0, longestText).trim());
}

/** Why the connection ended, as a sentence for whoever asked for it. */
export function brokenFault(ending: Ending): Fault {
  const { at, stage, error, disconnect, ident, firstLine, report } = ending;
  if (error instanceof Fault) return error;
  const lost = (sentence: string): Fault => new Fault('no-connection', sentence, { cause: error });
  const said = disconnect ? serverText(disconnect.text) : '';
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  const hungUp = disconnect !== null || error === null || code === 'ECONNRESET';
  // Servers say so in words or just hang up after too many attempts.
  if (stage === 'login' && report.tried && hungUp) {
    return report.fault(said === '' ? 'then it closed the connection' : `it said: ${said}`);
  }
  if (disconnect) {
    return lost(said === '' ? `${at} closed the connection` : `${at} closed the connection: ${said}`);
  }
  const message = error?.message ?? '';
  const algorithm = /no matching (.+)$/.exec(message)?.[1];
  if (algorithm !== undefined) {
    return lost(
      `no common ${algorithmNames[algorithm] ?? algorithm} with ${at}: the server (${printable(ident ?? '')}) offers ` +
        'only what is no longer safe, or too new; it needs an update or other settings',
    );
  }
  if (ident === null && stage === 'key exchange') {
    return lost(
      firstLine === null
        ? `${at} closed the connection before it said anything: it may be busy, or refuse this address`
        : `${at} does not speak SSH: it says '${firstLine}'`,
    );
  }
  if (/signature verification failed/.test(message)) {
    return new Fault('wrong-host-key', `${at} cannot prove that the host key it shows is its own`);
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return lost(`the connection to ${at} was reset`);
  if (code === 'ETIMEDOUT') return lost(`the connection to ${at} was lost: no answer`);
  const during = stage === 'session' ? '' : ` during the ${stage}`;
  if (error === null) return lost(`${at} closed the connection${during}${colonLastLine(ending.lastWords)}`);
  return lost(`the connection to ${at} failed${during}: ${serverText(message)}`);
}

export function colonLastLine(text: string): string {
  const said = serverText(text.trim().split('\n').at(-1) ?? '');
  return said === '' ? '' : `: ${said}`;
}

const algorithmNames: Readonly<Record<string, string>> = {
  'host key format': 'kind of host key',
  'C->S cipher': 'cipher',
  'S->C cipher': 'cipher',
  'C->S MAC': 'MAC',
  'S->C MAC': 'MAC',
  'C->S compression': 'compression',
  'S->C compression': 'compression',
};
