import type { Supervisor } from '../../supervise/supervisor.js';
import { exits } from '../exit.js';
import { endProcessNow } from '../end-process.js';
import { startServing, type ServingParts, type StartApp } from './serving.js';

/**
 * Serves as one of several processes, until the one that started it says stop, or is no more. A signal is passed on to
 * that one: it is meant for the server, whichever of its processes it reaches.
 */
export async function serveAsWorker(
  parts: Omit<ServingParts, 'supervisor'>,
  startApp: StartApp,
  supervisor: Supervisor,
  asked: Promise<string>,
): Promise<void> {
  void asked.then((signal) => supervisor.tell({ asked: signal }));
  const serving = await startServing({ ...parts, supervisor: supervisor.supervisor }, startApp);
  await supervisor.tell({ listening: serving.addresses });
  const told = supervisor.told.then(() => true);
  const isTold = await Promise.race([told, supervisor.gone.then(() => false)]);
  if (isTold) {
    // It ended at once, at a second signal.
    void supervisor.gone.then(() => endProcessNow(exits.interrupted, Infinity));
  } else {
    parts.events.emit('server.warning', {
      message: 'the process that started this worker is gone, so the worker stops',
    });
  }
  await serving.stop();
}
