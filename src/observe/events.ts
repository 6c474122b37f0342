/**
 * The catalogue of what happens. The data path emits and knows nobody who listens; log, audit and metrics subscribe.
 * Paths are virtual and already readable (`names.ts` `toText`).
 */
export interface EventCatalogue {
  'server.started': {
    readonly listening: readonly string[];
    readonly root: string;
    readonly version: string;
  };
  'server.stopping': { readonly reason: string };
  'server.stopped': { readonly clean: boolean };
  'server.warning': { readonly message: string };
  'accept.paused': { readonly reason: string };
  'accept.resumed': { readonly pausedSeconds: number };
  'connection.opened': Connection;
  'connection.refused': { readonly address: string; readonly reason: string };
  'connection.closed': Connection & {
    readonly account: string | null;
    readonly seconds: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly reason: string;
  };
  'login.succeeded': Connection & {
    readonly account: string;
    readonly view: 'own' | 'homes';
    readonly method: string;
    readonly fingerprint: string | null;
    readonly client: string;
  };
  'login.failed': Connection & {
    readonly user: string;
    readonly method: string;
    readonly fingerprint: string | null;
    readonly reason: string;
  };
  'session.opened': Actor & ({ readonly kind: 'sftp' } | { readonly kind: 'exec'; readonly command: string });
  'session.closed': Actor &
    (
      | { readonly kind: 'sftp'; readonly requests: number }
      | { readonly kind: 'exec'; readonly exitStatus: number }
    );
  'file.opened': Actor & {
    readonly path: string;
    readonly read: boolean;
    readonly write: boolean;
    readonly created: boolean;
  };
  'file.closed': Actor & {
    readonly path: string;
    readonly bytesRead: number;
    readonly bytesWritten: number;
    readonly size: number;
    readonly seconds: number;
    /** `false` when the session ended before the client closed the file. */
    readonly complete: boolean;
  };
  'entry.changed': Actor & {
    readonly operation: 'mkdir' | 'rmdir' | 'remove' | 'rename' | 'link' | 'symlink' | 'set';
    readonly path: string;
    readonly target?: string;
  };
  'request.refused': Actor & {
    readonly operation: string;
    readonly path: string;
    readonly fault: string;
    readonly message: string;
  };
  'request.failed': Actor & { readonly operation: string; readonly path: string; readonly cause: string };
  'account.changed': { readonly account: string; readonly change: string; readonly by: string };
}

export interface Connection {
  readonly connection: string;
  readonly address: string;
}

export interface Actor extends Connection {
  readonly account: string;
}

export type EventName = keyof EventCatalogue;

export interface Events {
  emit<Name extends EventName>(name: Name, event: EventCatalogue[Name]): void;
  /** Subscribes to everything; returns the way out. */
  subscribe(listener: Listener): () => void;
}

export type Listener = <Name extends EventName>(name: Name, event: EventCatalogue[Name]) => void;

/** A listener that throws is heard of once, as a warning of the process, and harms neither the others nor who emits (P1). */
export function createEvents(failed: (error: Error) => void = (error) => process.emitWarning(error)): Events {
  const listeners = new Set<Listener>();
  const told = new WeakSet<Listener>();
  return {
    emit(name, event) {
      for (const listener of listeners) {
        try {
          listener(name, event);
        } catch (thrown) {
          if (told.has(listener)) continue;
          told.add(listener);
          failed(new Error(`a listener to events fails, first at ${name}: ${String(thrown)}`));
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
