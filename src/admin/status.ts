import type { LiveSession, LiveSessions } from '../live.js';
import type { EventCatalogue, Events } from '../observe/events.js';

/** What a running server says of itself. */
export interface Status {
  readonly running: true;
  readonly version: string;
  readonly pid: number;
  /** ISO 8601 in UTC. */
  readonly since: string;
  readonly root: string;
  /** HOST:PORT each. */
  readonly listening: readonly string[];
  /** Connections that are logged in. */
  readonly sessions: readonly StatusSession[];
  readonly counts: Readonly<Record<keyof typeof zero, number>>;
}

export type StatusSession = Omit<LiveSession, 'accountId' | 'since' | 'close'> & { readonly since: string };

/** Since the start, but for `connections`, which are open now. */
const zero = {
  connections: 0,
  connectionsRefused: 0,
  loginsSucceeded: 0,
  loginsFailed: 0,
  filesOpened: 0,
  bytesRead: 0,
  bytesWritten: 0,
  requestsRefused: 0,
  requestsFailed: 0,
};

type Effects = {
  readonly [Name in keyof EventCatalogue]?: (event: EventCatalogue[Name]) => unknown;
};

/** Counts events from now on. */
export function countEvents(events: Events): Status['counts'] {
  const counts = { ...zero };
  const effects: Effects = {
    'connection.opened': () => counts.connections++,
    'connection.closed': () => counts.connections--,
    'connection.refused': () => counts.connectionsRefused++,
    'login.succeeded': () => counts.loginsSucceeded++,
    'login.failed': () => counts.loginsFailed++,
    'file.opened': () => counts.filesOpened++,
    'file.closed': ({ bytesRead, bytesWritten }) => {
      counts.bytesRead += bytesRead;
      counts.bytesWritten += bytesWritten;
    },
    'request.refused': () => counts.requestsRefused++,
    'request.failed': () => counts.requestsFailed++,
  };
  events.subscribe((name, event) => effects[name]?.(event));
  return counts;
}

export function sessionsOf(live: LiveSessions): readonly StatusSession[] {
  return live.list().map(({ id, account, view, address, client, since, method, fingerprint }) => ({
    id,
    account,
    view,
    address,
    client,
    since: since.toISOString(),
    method,
    fingerprint,
  }));
}
