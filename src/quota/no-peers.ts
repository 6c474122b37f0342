import { Fault } from '../fault.js';
import { newPeerName } from './peer-name.js';
import type { Peers } from './peers.js';

/** For a server that is alone: nobody else keeps a ledger of its homes, and nobody asks. */
export function noPeers(): Peers {
  return {
    self: newPeerName(),
    others: () => Promise.resolve([]),
    connect: () => Promise.reject(new Fault('not-found', 'there is no such process')),
    answer: () => undefined,
    close: () => Promise.resolve(),
  };
}
