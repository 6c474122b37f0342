import type { Duplex } from 'node:stream';
import { Budget } from '../channel/budget.js';
import { duplexChannel } from '../channel/duplex-channel.js';
import { Gate, longTasks } from '../channel/gate.js';
import { settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { HashPool } from '../hash/hash-pool.js';
import { ruled } from '../home.js';
import { toText } from '../names.js';
import { createEvents, type Actor, type Listener } from '../observe/events.js';
import { serverStatus } from '../sftp/account-status.js';
import { BlockPool } from '../sftp/block-pool.js';
import { SftpSession } from '../sftp/session.js';
import { measure } from '../vfs/measure.js';
import type { Vfs } from '../vfs/vfs.js';
import { assertVfs, KeptOpen } from './home-source.js';
import { assertKnown, isBoolean, isFunction, isText, optional } from './known-options.js';
import { Listeners } from './listeners.js';
import { version } from './version.js';

/** How one session is served. */
export interface SftpOptions {
  /** The files; not closed at the end. */
  readonly vfs: Vfs;
  readonly readOnly?: boolean;
  /** Who is shown as the owner of everything, and named in events; `user` if absent. */
  readonly account?: string;
  /** Hears the sentences that are for the person at the other end; SSH carries them as stderr. */
  readonly stderr?: (text: string) => void;
  /**
   * The client's identification, `SSH-2.0-...`, where it is known: some send the two paths of a symbolic link the other
   * way round.
   */
  readonly clientIdent?: string;
  /** Files and folders that may be open at once; as the setting `session.handles`, 256, if absent. */
  readonly maxHandles?: number;
  /** Hears every event of the session. */
  readonly listener?: Listener;
}

/** A session that is served. */
export interface SftpServed {
  /** Resolves once the session is over and its files are closed. */
  readonly ended: Promise<{ readonly requests: number }>;
  /** Ends the session now. */
  close(): void;
}

const names = {
  vfs: true,
  readOnly: true,
  account: true,
  stderr: true,
  clientIdent: true,
  maxHandles: true,
  listener: true,
} as const satisfies Readonly<Record<keyof SftpOptions, true>>;

/** Bytes of replies, and of input, that may wait. */
const budget = 4 * 2 ** 20;

const idleBlocks = 2 ** 20;

const shown = 'serveSftp';

/**
 * Serves one SFTP session [filexfer-02] on a stream of bytes, without SSH: who is at the other end is the program's
 * business. It ends when the stream does, or when what arrives is no SFTP.
 * @throws Fault `invalid` with a sentence, when an option is wrong or unknown
 */
export function serveSftp(duplex: Duplex, options: SftpOptions): SftpServed {
  assertStream(duplex);
  assertKnown(options, names, shown);
  const given: Readonly<Record<string, unknown>> = options;
  const vfs = given['vfs'];
  assertVfs(vfs, `${shown}: vfs`);
  const account = optional(given, 'account', isText, 'text', shown) ?? 'user';
  const clientIdent = optional(given, 'clientIdent', isText, 'text', shown) ?? '';
  const readOnly = optional(given, 'readOnly', isBoolean, 'true or false', shown) ?? false;
  const maxHandles =
    optional(given, 'maxHandles', isCount, 'a whole number from 1', shown) ??
    settings['session.handles'].default;
  const stderr = optional(given, 'stderr', isFunction, 'a function', shown) as SftpOptions['stderr'];
  const listener = optional(given, 'listener', isFunction, 'a function', shown) as SftpOptions['listener'];

  const events = createEvents();
  if (listener) new Listeners(events).subscribe(listener);
  const actor: Actor = { connection: '', address: '', account };
  const person = { name: account, uid: 1000, gid: 1000 };
  const kept = new KeptOpen(vfs);
  const home = ruled(kept, { person, ignoreChown: false, permissions: () => ({ readOnly }), events, actor });
  const hashes = new HashPool();

  events.emit('session.opened', { ...actor, kind: 'sftp' });
  const ended = new Promise<{ readonly requests: number }>((resolve) => {
    new SftpSession(duplexChannel(duplex, stderr ? { stderr: (text) => told(stderr, text) } : {}), {
      vfs: home,
      person,
      clientIdent,
      hashes,
      blocks: new BlockPool(idleBlocks),
      gate: new Gate(longTasks),
      maxHandles,
      now: () => new Date(),
      version,
      output: new Budget(budget),
      input: new Budget(budget),
      status: async () => {
        const usage = await measure(kept);
        return {
          account,
          role: 'user',
          state: 'active',
          expires: null,
          lastLogin: null,
          readOnly,
          home: { bytes: { used: usage.bytes, limit: null }, files: { used: usage.files, limit: null } },
          ...serverStatus({ version, handles: maxHandles, channels: 1 }),
        };
      },
      failed: (operation, path, cause) =>
        events.emit('request.failed', { ...actor, operation, path: toText(path), cause: String(cause) }),
      ended: (requests) => {
        events.emit('session.closed', { ...actor, kind: 'sftp', requests });
        void hashes
          .close()
          .catch((thrown: unknown) => warn(`a thread does not end: ${String(thrown)}`))
          .then(() => resolve({ requests }));
      },
    });
  });
  return { ended, close: () => void duplex.destroy() };
}

/** What a program's function throws must not end the session. */
function told(stderr: (text: string) => void, text: string): void {
  try {
    stderr(text);
  } catch (thrown) {
    warn(`stderr fails: ${String(thrown)}`);
  }
}

function warn(sentence: string): void {
  process.emitWarning(new Error(`${shown}: ${sentence}`));
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}

function assertStream(duplex: unknown): void {
  const stream = duplex as Partial<Duplex> | null | undefined;
  if (
    typeof stream?.write === 'function' &&
    typeof stream.on === 'function' &&
    typeof stream.pause === 'function'
  )
    return;
  throw new Fault('invalid', `${shown}: the first argument must be a Duplex stream`);
}
