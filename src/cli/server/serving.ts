import type { Root } from '../../admin/root.js';
import { serveStatus } from '../../admin/status-socket.js';
import { countEvents, sessionsOf, type Status } from '../../admin/status.js';
import { formatAddress, type Address } from '../../config/address.js';
import type { Settings } from '../../config/settings.js';
import type { LiveSessions } from '../../live.js';
import type { Events } from '../../observe/events.js';
import type { HostKeys } from '../../ssh/host-keys.js';
import type { Store } from '../../store/accounts.js';

/** A server that runs. */
export interface App {
  readonly addresses: readonly Address[];
  readonly live: LiveSessions;
  /** Accepts no more, gives running requests the time to finish, and ends. */
  stop(graceMilliseconds: number): Promise<void>;
}

/** The composition root, as `serve` starts it. */
export type StartApp = (options: {
  readonly root: string;
  readonly settings: Settings;
  readonly events: Events;
  readonly store: Store;
  readonly hostKeys: HostKeys;
  readonly version: string;
}) => Promise<App>;

export interface ServingParts {
  readonly root: Root;
  readonly settings: Settings;
  readonly events: Events;
  readonly store: Store;
  readonly hostKeys: HostKeys;
  readonly version: string;
  /** Of a worker, the pid of the process that started it. */
  readonly supervisor?: number;
}

/** A server in this process that says how it is to whoever asks. */
export interface Serving {
  readonly addresses: readonly Address[];
  /** @throws Fault `busy` when not all came to its end; then its socket stays, as a dead server's does */
  stop(): Promise<void>;
}

export async function startServing(parts: ServingParts, startApp: StartApp): Promise<Serving> {
  const { root, settings, events, store, hostKeys, version, supervisor } = parts;
  const counts = countEvents(events);
  const app = await startApp({ root: root.path, settings, events, store, hostKeys, version });
  const listening = app.addresses.map(formatAddress);
  const since = new Date().toISOString();
  const status = (): Status => ({
    running: true,
    version,
    pid: process.pid,
    ...(supervisor !== undefined && { supervisor }),
    since,
    root: root.path,
    listening,
    sessions: sessionsOf(app.live),
    counts,
  });
  try {
    const socket = await serveStatus(root.statusFolder, status);
    return {
      addresses: app.addresses,
      async stop() {
        await app.stop(settings['stop.grace']);
        await socket.close();
      },
    };
  } catch (thrown) {
    await app.stop(0);
    throw thrown;
  }
}
