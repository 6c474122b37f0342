import type { HashPool } from '../hash/hash-pool.js';
import type { Vfs } from '../vfs/vfs.js';
import type { AccountStatus } from '../wire/account-status.js';
import type { BlockPool } from './block-pool.js';
import type { Gate } from '../channel/gate.js';
import type { Handles } from './handles.js';

/** What a request may use: one session's filesystem, its open handles, and who is asking. */
export interface SessionContext {
  readonly vfs: Vfs;
  readonly handles: Handles;
  readonly person: Person;
  /** The client's identification string, `SSH-2.0-...`. */
  readonly clientIdent: string;
  readonly hashes: HashPool;
  /** Buffers for DATA replies. */
  readonly blocks: BlockPool;
  /** Passed by what takes long (T7). */
  readonly gate: Gate;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
  readonly maxHandles: number;
  readonly now: () => Date;
  status(): Promise<AccountStatus>;
}

/** Who replies show as the owner of everything (J6). */
export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}
