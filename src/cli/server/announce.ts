import { firstStart } from '../../admin/first-start.js';
import type { Root } from '../../admin/root.js';
import type { Service } from '../../admin/service.js';
import { statusOf } from '../../admin/status-of.js';
import { clearDead } from '../../admin/status-socket.js';
import { formatAddress, parseAddress, type Address } from '../../config/address.js';
import type { Events } from '../../observe/events.js';
import type { HostKeys } from '../../ssh/host-keys.js';
import type { Store } from '../../store/accounts.js';
import type { Surroundings } from '../command.js';

export interface Announcement {
  readonly context: Surroundings;
  readonly root: Root;
  readonly events: Events;
  readonly store: Store;
  readonly service: Service;
  readonly hostKeys: HostKeys;
  readonly addresses: readonly Address[];
}

/** Says that a server serves now: what is to be said and written once, however many processes it has. */
export async function announce(parts: Announcement): Promise<void> {
  const { context, root, events, store, service, hostKeys, addresses } = parts;
  if ((await clearDead(root.statusFolder)) > 0) {
    events.emit('server.warning', { message: 'the server before this one did not come to a clean end' });
  }
  const listening = addresses.map(formatAddress);
  const text = await firstStart({
    root,
    cwd: context.cwd,
    program: context.program,
    addresses,
    running: () => runningOn(root),
    accounts: service.accounts,
    marks: store.marks,
    knownHosts: (host, port) => hostKeys.knownHosts(host, port),
  });
  context.printer.say([...listening.map((address) => `plimsoll listening on ${address}`), ...text]);
  events.emit('server.started', { listening, root: root.path, version: context.version });
}

async function runningOn(root: Root): Promise<readonly Address[]> {
  const now = await statusOf(root);
  return (now?.listening ?? []).map(parseAddress).filter((address) => address !== null);
}
