import { platform, release } from 'node:os';
import type { AccountStatus } from '../wire/account-status.js';
import { maxBlock } from '../wire/limits.js';

/** What of the answer is the server's and the same for every account. */
export function serverStatus(server: {
  readonly version: string;
  /** Open handles of a session, at most. */
  readonly handles: number;
  /** Channels of a connection, at most. */
  readonly channels: number;
}): Pick<AccountStatus, 'limits' | 'product' | 'version' | 'platform'> {
  const { version, handles, channels } = server;
  return {
    limits: { handles, channels, maxRead: maxBlock, maxWrite: maxBlock },
    product: 'Plimsoll',
    version,
    platform: `${platform()} ${release()}`,
  };
}
