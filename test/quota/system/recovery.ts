import { setTimeout as sleep } from 'node:timers/promises';
import type { Used } from './disk-usage.js';
import { same } from './patience.js';
import type { Servers } from './servers.js';
import { Session } from './session.js';

/** Milliseconds that a home's first count after a crash may take here: it holds some dozens of files. */
const patience = 20_000;

/**
 * Asks for a home's usage until it is what the disk holds; nobody may change the home meanwhile.
 * @throws Error when the ledger is below the disk at any time before (L4), or does not come to equal it
 */
export async function recovered(servers: Servers, account: string, process: number): Promise<Used> {
  const disk = servers.disk(account);
  const session = await Session.join(() => servers.connect(account, process));
  try {
    const deadline = performance.now() + patience;
    // Twice, so that it is not by accident, in the middle of a count.
    for (let equal = 0; equal < 2;) {
      const ledger = await session.usage();
      const both = JSON.stringify({ ledger, disk });
      if (ledger.bytes < disk.bytes || ledger.files < disk.files) throw new Error(`below the disk: ${both}`);
      equal = same(ledger, disk) ? equal + 1 : 0;
      if (performance.now() > deadline) throw new Error(`not exact after ${patience} ms: ${both}`);
      await sleep(10);
    }
    return disk;
  } finally {
    session.end();
  }
}
