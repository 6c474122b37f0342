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
  readonly sessions: readonly StatusSession[];
  readonly counts: Readonly<Record<Counted, number>>;
}

/** One connection that is logged in. */
export interface StatusSession {
  readonly connection: string;
  readonly account: string;
  readonly view: 'own' | 'homes';
  readonly address: string;
  readonly client: string;
  readonly since: string;
  readonly method: string;
  readonly fingerprint: string | null;
}

export type Counted = keyof typeof zero;

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

/** Follows the events, and knows at any moment what the server does. */
export function followStatus(
  events: Events,
  server: Omit<Status, 'running' | 'sessions' | 'counts' | 'since'>,
  now: () => Date,
): { readonly status: () => Status; readonly leave: () => void } {
  const since = now().toISOString();
  const counts = { ...zero };
  const sessions = new Map<string, StatusSession>();

  const effects: Effects = {
    'connection.opened': () => counts.connections++,
    'connection.refused': () => counts.connectionsRefused++,
    'connection.closed': ({ connection }) => {
      counts.connections--;
      sessions.delete(connection);
    },
    'login.succeeded': ({ connection, account, view, address, client, method, fingerprint }) => {
      counts.loginsSucceeded++;
      const since = now().toISOString();
      sessions.set(connection, { connection, account, view, address, client, since, method, fingerprint });
    },
    'login.failed': () => counts.loginsFailed++,
    'file.opened': () => counts.filesOpened++,
    'file.closed': ({ bytesRead, bytesWritten }) => {
      counts.bytesRead += bytesRead;
      counts.bytesWritten += bytesWritten;
    },
    'request.refused': () => counts.requestsRefused++,
    'request.failed': () => counts.requestsFailed++,
  };

  return {
    status: () => ({ running: true, since, ...server, sessions: [...sessions.values()], counts }),
    leave: events.subscribe((name, event) => effects[name]?.(event)),
  };
}
