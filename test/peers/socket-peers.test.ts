import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPeers } from '../../src/peers/socket-peers.js';
import { peersContract } from '../contract/peers.js';

peersContract('openPeers', (patience) => {
  const folder = join(mkdtempSync(join(tmpdir(), 'plimsoll-peers-')), 'var', 'peers');
  return () => openPeers({ folder, patience });
});
