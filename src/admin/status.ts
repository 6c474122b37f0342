import type { LiveSession, LiveSessions } from '../live.js';
import type { EventCatalogue, Events } from '../observe/events.js';

/** What a running server says of itself. */
export interface Status {
  readonly running: true;
  readonly version: string;
  readonly pid: number;
  /** The process that starts this one again where it dies, and that is told to stop; none for a server of one process. */
  readonly supervisor?: number;
  /** ISO 8601 in UTC. */
  readonly since: string;
  readonly root: string;
  /** HOST:PORT each. */
  readonly listening: readonly string[];
  /** Connections that are logged in. */
  readonly sessions: readonly StatusSession[];
  readonly counts: Readonly<Record<keyof typeof zero, number>>;
}

/** What a process says that serves nothing itself, and starts those that do. */
export interface Supervising {
  readonly supervising: true;
  readonly pid: number;
}

/** What all processes of a root say together. Of one alone it is what that one says. */
export interface Overall extends Status {
  /** Where several serve: what each of them says, the oldest first. */
  readonly processes?: readonly Status[];
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

/**
 * What several processes are together: the addresses, sessions and counts of all; the rest is the oldest's. `null` of
 * none.
 */
export function overall(processes: readonly Status[]): Overall | null {
  const sorted = processes.toSorted((a, b) =>
    a.since < b.since ? -1 : a.since > b.since ? 1 : a.pid - b.pid,
  );
  const [first] = sorted;
  if (!first || sorted.length === 1) return first ?? null;
  const counts = { ...zero };
  for (const name of Object.keys(zero) as (keyof typeof zero)[]) {
    for (const one of sorted) counts[name] += one.counts[name];
  }
  return {
    ...first,
    listening: [...new Set(sorted.flatMap(({ listening }) => listening))],
    sessions: sorted.flatMap(({ sessions }) => sessions),
    counts,
    processes: sorted,
  };
}
