import type { OpenChannel } from './internals.js';

/**
 * What a server may send before it is granted more. It bounds what a line carries in one round trip: 16 MiB are 160 MB/s
 * over 100 ms. Memory is bounded by what was asked for, not by this.
 */
export const receiveWindow = 16 * 2 ** 20;

/** Granted again in pieces of this size, so that a grant is a small part of the traffic and no sender waits for it. */
const grantStep = 2 ** 20;

/**
 * Takes a channel's bytes as they come, and widens its window from the 2 MiB that ssh2 opens with. [RFC 4254 5.2]
 * @param take gets each chunk, whose memory stays as it is
 */
export function receiveFrom(channel: OpenChannel, take: (chunk: Buffer) => void): void {
  const push = channel.push.bind(channel);
  const grant = (): void => {
    const bytes = receiveWindow - channel.incoming.window;
    if (bytes < grantStep) return;
    channel.incoming.window += bytes;
    channel._client._protocol.channelWindowAdjust(channel.outgoing.id, bytes);
  };
  channel.push = (chunk) => {
    if (chunk === null) return push(null);
    take(chunk);
    grant();
    return true;
  };
  // What came before is in the stream; without a reader it would never end.
  channel.on('data', take);
  grant();
}
