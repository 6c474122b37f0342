import { createRequire } from 'node:module';
import type { ClientChannel } from 'ssh2';

/**
 * What is taken from inside ssh2's client, and what it looks like there. The package has no types for these parts and
 * promises nothing about them, so the version is pinned and asserted (docs/decisions/ssh2.md).
 */
const expectedVersion = '1.17.0';

const load = createRequire(import.meta.url);
const { version: foundVersion } = load('ssh2/package.json') as { readonly version: string };
if (foundVersion !== expectedVersion) {
  throw new Error(`ssh2 ${expectedVersion} is needed, and ${foundVersion} is installed: run npm ci`);
}

/** One way of a channel [RFC 4254 5]. */
interface Way {
  readonly id: number;
  /** Bytes that may still be sent this way. */
  window: number;
  /** Bytes of the largest piece. */
  packetSize: number;
}

/** A channel with its inner parts. */
export interface OpenChannel extends Omit<ClientChannel, 'push'> {
  readonly incoming: Way;
  readonly outgoing: Way;
  readonly _client: {
    readonly _protocol: { channelWindowAdjust(recipient: number, bytes: number): void };
  };
  /** Called for each CHANNEL_DATA, and with `null` at the end; what it gives says whether more may come. */
  push: (chunk: Buffer | null) => boolean;
}

export function inside(channel: ClientChannel): OpenChannel {
  return channel as unknown as OpenChannel;
}
