import { HashPool } from '../../src/hash/hash-pool.js';
import { BlockPool } from '../../src/sftp/block-pool.js';
import { Budget } from '../../src/channel/budget.js';
import { Gate } from '../../src/channel/gate.js';
import type { SessionOptions } from '../../src/sftp/session.js';
import { memoryVfs } from '../../src/vfs/memory.js';

/** Alice's session on a filesystem in memory, as a test wants it to be different. */
export function sessionOptions(different: Partial<SessionOptions>): SessionOptions {
  return {
    vfs: memoryVfs(),
    person: { name: 'alice', uid: 1001, gid: 1001 },
    clientIdent: 'SSH-2.0-OpenSSH_9.2p1',
    hashes: new HashPool(),
    blocks: new BlockPool(1 << 20),
    gate: new Gate(2),
    maxHandles: 256,
    now: () => new Date('2026-11-21T12:00:00Z'),
    version: '0.0.0',
    status: () => Promise.reject(new Error('no status in this test')),
    output: new Budget(4 << 20),
    input: new Budget(4 << 20),
    failed: () => undefined,
    ended: () => undefined,
    ...different,
  };
}
