import type { Login } from '../auth/authenticator.js';
import type { Budget } from '../channel/budget.js';
import type { SessionChannel } from '../channel/channel.js';
import type { ByteString } from '../names.js';

/** One logged-in connection, for whoever serves on it. */
export interface SessionInfo {
  readonly connection: string;
  readonly address: string;
  /** The client's identification string, `SSH-2.0-...`. */
  readonly client: string;
  readonly login: Login;
  /** Replies that may wait for the peer: one budget for all channels of the connection. */
  readonly output: Budget;
  /** Bytes that may wait for the disk, likewise. */
  readonly input: Budget;
}

/** What is served on one logged-in connection; made by whoever composes the server. */
export interface SshServices {
  /** The `sftp` subsystem was asked for: serves it on the channel. */
  sftp(channel: SessionChannel, info: SessionInfo): void;
  /** A command was asked for, in the bytes of the request [RFC 4254 6.5]: serves it on the channel. */
  exec(channel: SessionChannel, info: SessionInfo, command: ByteString): void;
  /** The connection is gone; every channel was told before. Called once. */
  ended(): void;
}
