import { announce, type Announcement } from './announce.js';
import { startServing, type ServingParts, type StartApp } from './serving.js';

/** Serves in this process until it is asked to stop. */
export async function serveAlone(
  parts: Omit<Announcement, 'addresses'> & ServingParts,
  startApp: StartApp,
  asked: Promise<string>,
): Promise<void> {
  const { events } = parts;
  const serving = await startServing(parts, startApp);
  try {
    await announce({ ...parts, addresses: serving.addresses });
    events.emit('server.stopping', { reason: await asked });
  } finally {
    await serving.stop();
  }
  events.emit('server.stopped', { clean: true });
}
