import { Fault } from '../fault.js';
import type { Root } from './root.js';
import { askStatus } from './status-socket.js';
import { overall, type Overall, type Status, type Supervising } from './status.js';

/**
 * What the processes that serve this root say; `null` when none does.
 * @throws Fault `busy` when there are some and none answers, `denied` when they are somebody else's
 */
export async function statusOf(root: Root): Promise<Overall | null> {
  const { documents, silent } = await askStatus(root.statusFolder);
  const serving = (documents as readonly (Status | Supervising)[]).filter((one) => 'running' in one);
  if (serving.length === 0 && silent > 0) {
    throw new Fault('busy', 'a server runs on this root, but it does not answer');
  }
  return overall(serving);
}
