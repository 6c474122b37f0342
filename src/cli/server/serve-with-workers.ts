import { clearDead, serveStatus } from '../../admin/status-socket.js';
import type { Supervising } from '../../admin/status.js';
import type { Loaded } from '../../config/load-settings.js';
import type { Fault } from '../../fault.js';
import { withPorts } from '../../supervise/ports.js';
import { startWorkers } from '../../supervise/workers.js';
import { announce, type Announcement } from './announce.js';

/** Milliseconds beyond their grace that workers get to end. */
const unwinding = 5000;

/**
 * Serves by workers until it is asked to stop. All that a fresh root lacks (folders, database, host keys) is there
 * before the first of them begins; this process serves nothing itself.
 */
export async function serveWithWorkers(
  parts: Omit<Announcement, 'addresses'> & Loaded,
  asked: Promise<string>,
): Promise<void> {
  const { root, events, settings, stored } = parts;
  const { statusFolder } = root;
  const listen = await withPorts(settings.listen);
  // It tells the next start, too, whether this process came to a clean end.
  const presence = await serveStatus(statusFolder, (): Supervising => ({
    supervising: true,
    pid: process.pid,
  }));
  const workers = await startWorkers({
    count: settings.workers,
    given: { supervisor: process.pid, stored: { ...stored, listen } },
    patience: settings['stop.grace'] + unwinding,
    died(pid, message) {
      events.emit('server.warning', { message });
      // It is told now; the next start need not tell it again.
      void clearDead(statusFolder, pid).catch(() => undefined);
    },
  }).catch(async (thrown: unknown) => {
    await presence.close();
    throw thrown;
  });
  let unclean: Fault | null;
  try {
    await announce({ ...parts, addresses: workers.addresses });
    const reason = await Promise.race([asked, workers.asked, workers.failed]);
    events.emit('server.stopping', { reason });
  } finally {
    unclean = await workers.stop();
  }
  if (unclean) throw unclean;
  await presence.close();
  events.emit('server.stopped', { clean: true });
}
