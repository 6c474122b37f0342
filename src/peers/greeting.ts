import type { Socket } from 'node:net';
import { Fault } from '../fault.js';
import { isPeerName } from '../quota/peer-name.js';
import type { Answering } from '../quota/peers.js';
import { Conversation } from './conversation.js';
import { decode, encode } from './message.js';
import { SocketLink } from './socket-link.js';

export interface GreetingOptions {
  readonly self: string;
  /** Who has to be at the other end; `null` where anybody may be. */
  readonly expected: string | null;
  readonly answering: () => Answering | null;
  /** Milliseconds that questions wait unless told. */
  readonly patience: number;
}

/**
 * Says on a connected, or connecting, socket who this is, and waits until the other end has said it too: the kernel
 * connects to processes that are stopped, only their greeting shows that they run.
 * @throws the error of the socket; Fault `bad-message` when it is gone, or no greeting comes from whom it is expected
 */
export function greet(socket: Socket, options: GreetingOptions): Promise<Conversation> {
  return new Promise((resolve, reject) => {
    let conversation: Conversation | null = null;
    const link = new SocketLink(socket, () => {
      conversation?.end();
      reject(new Fault('bad-message', 'the process that was reached has ended'));
    });
    socket.on('error', reject);
    link.take = (payload) => {
      const peer = greeted(payload, options.expected);
      const { answering, patience } = options;
      const begun = new Conversation({ peer, link, answering, patience });
      conversation = begun;
      link.take = (message) => begun.take(message);
      link.awaited(false);
      resolve(begun);
      // Whoever waited for this conversation gets to know it before what is said in it.
      return true;
    };
    link.send(encode({ kind: 'hello', name: options.self }));
  });
}

function greeted(payload: Buffer, expected: string | null): string {
  const message = decode(payload);
  if (message.kind !== 'hello' || !isPeerName(message.name)) throw new Fault('bad-message');
  if (expected !== null && message.name !== expected) throw new Fault('bad-message');
  return message.name;
}
