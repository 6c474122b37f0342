import type { EventCatalogue, EventName } from './events.js';

export type Level = 'error' | 'warn' | 'info' | 'debug';

/** What becomes of an event: how loud it is in the log, whether it is audited, and its sentence for people. */
interface Route<Name extends EventName> {
  readonly level: Level;
  readonly audit: boolean;
  readonly say: (event: EventCatalogue[Name]) => string;
}

/** ONE row for each event. The payload is logged too, so a sentence only says what a person reads first. */
export const routes = {
  'server.started': {
    level: 'info',
    audit: true,
    say: ({ listening, version }) => `plimsoll ${version} serves on ${listening.join(', ')}`,
  },
  'server.stopping': { level: 'info', audit: false, say: ({ reason }) => `stopping: ${reason}` },
  'server.stopped': {
    level: 'info',
    audit: true,
    say: ({ clean }) => (clean ? 'stopped' : 'stopped before all requests had ended'),
  },
  'server.warning': { level: 'warn', audit: false, say: ({ message }) => message },
  'accept.paused': { level: 'warn', audit: false, say: ({ reason }) => `no new connections: ${reason}` },
  'accept.resumed': {
    level: 'warn',
    audit: false,
    say: ({ pausedSeconds }) => `new connections again after ${pausedSeconds.toFixed(1)} s`,
  },
  'connection.opened': { level: 'debug', audit: true, say: ({ address }) => `connection from ${address}` },
  'connection.refused': {
    level: 'warn',
    audit: true,
    say: ({ address, reason }) => `connection from ${address} refused: ${reason}`,
  },
  'connection.closed': {
    level: 'info',
    audit: true,
    say: ({ address, account, seconds, reason }) =>
      `${account ?? 'nobody'} from ${address} gone after ${seconds.toFixed(1)} s: ${reason}`,
  },
  'login.succeeded': {
    level: 'info',
    audit: true,
    say: ({ account, view, address, method, fingerprint }) =>
      `${account}${view === 'homes' ? '+admin' : ''} logged in from ${address} by ${method}${fingerprint === null ? '' : ` ${fingerprint}`}`,
  },
  'login.failed': {
    level: 'warn',
    audit: true,
    say: ({ user, address, method, reason }) =>
      `login of ${user} from ${address} by ${method} refused: ${reason}`,
  },
  'session.opened': {
    level: 'debug',
    audit: true,
    say: (event) =>
      event.kind === 'sftp' ? `${event.account} opened sftp` : `${event.account} runs ${event.command}`,
  },
  'session.closed': {
    level: 'debug',
    audit: true,
    say: (event) =>
      event.kind === 'sftp'
        ? `${event.account} ended sftp after ${event.requests} requests`
        : `${event.account}'s command ended with exit status ${event.exitStatus}`,
  },
  'file.opened': { level: 'debug', audit: true, say: ({ account, path }) => `${account} opened ${path}` },
  'file.closed': {
    level: 'info',
    audit: true,
    say: ({ account, path, bytesRead, bytesWritten, complete }) =>
      `${account} ${complete ? 'closed' : 'left'} ${path}: ${bytesRead} bytes read, ${bytesWritten} written`,
  },
  'entry.changed': {
    level: 'info',
    audit: true,
    say: ({ account, operation, path, target }) =>
      `${account}: ${operation} ${path}${target === undefined ? '' : ` ${target}`}`,
  },
  'request.refused': {
    level: 'info',
    audit: true,
    say: ({ account, operation, path, message }) => `${account}: ${operation} ${path} refused: ${message}`,
  },
  'request.failed': {
    level: 'error',
    audit: true,
    say: ({ account, operation, path, cause }) => `${account}: ${operation} ${path} failed: ${cause}`,
  },
  'account.changed': {
    level: 'info',
    audit: true,
    say: ({ account, change, by }) => `account ${account}: ${change} (by ${by})`,
  },
} satisfies { readonly [Name in EventName]: Route<Name> };

export function routeOf<Name extends EventName>(name: Name): Route<Name> {
  return routes[name] as Route<Name>;
}
