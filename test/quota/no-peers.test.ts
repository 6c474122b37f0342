import { expect, it } from 'vitest';
import { noPeers } from '../../src/quota/no-peers.js';
import { isPeerName, newPeerName } from '../../src/quota/peer-name.js';

it('knows nobody, and reaches nobody', async () => {
  const peers = noPeers();
  expect(isPeerName(peers.self)).toBe(true);
  expect(noPeers().self).not.toBe(peers.self);
  expect(await peers.others()).toEqual([]);
  await expect(peers.connect(newPeerName())).rejects.toMatchObject({ code: 'not-found' });
  await peers.close();
});

it('takes no name that could be anything else in a path', () => {
  expect(isPeerName(newPeerName(() => Buffer.from('0123456789ab', 'hex')))).toBe(true);
  for (const text of [
    '',
    '.',
    '0123456789aB',
    '0123456789ab\n',
    '0123456789abc',
    '../456789abcd',
    '012345678 ab',
  ])
    expect(isPeerName(text), text).toBe(false);
});
