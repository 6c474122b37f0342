import { anonymousId } from './auth/anonymous.js';
import type { Login } from './auth/authenticator.js';
import type { AccountWatch } from './auth/watch-accounts.js';
import type { SessionChannel } from './channel/channel.js';
import { Gate, longTasks } from './channel/gate.js';
import type { Settings } from './config/settings.js';
import { runCommand } from './exec/run-command.js';
import { Fault, toFault } from './fault.js';
import type { HashPool } from './hash/hash-pool.js';
import { homeOf, personOf, type HomeParts, type HomeRequest, type OpenedHome } from './home.js';
import { warnLine } from './quota/line.js';
import type { LiveSessions } from './live.js';
import { toText, type ByteString } from './names.js';
import type { Actor, Events } from './observe/events.js';
import { serverStatus } from './sftp/account-status.js';
import type { AccountStatus } from './wire/account-status.js';
import { BlockPool } from './sftp/block-pool.js';
import { SftpSession, type SessionOptions } from './sftp/session.js';
import type { SessionInfo, SshServices } from './ssh/services.js';
import type { AccountStore, Home } from './store/accounts.js';

/** Bytes of reply buffers that are kept for the next READs. */
const idleBlocks = 8 * 2 ** 20;

export interface SessionParts {
  readonly settings: Settings;
  readonly events: Events;
  readonly accounts: AccountStore;
  readonly version: string;
  readonly homes: HomeParts;
  readonly live: LiveSessions;
  readonly watch: AccountWatch;
  readonly hashes: HashPool;
  readonly clock: () => Date;
  /** What one connection's SFTP sessions have otherwise than others: a test kit looks in and stands in between. */
  readonly different?: (actor: Actor) => Partial<SessionOptions>;
}

/** What each logged-in connection is served with. */
export class Sessions {
  readonly #parts: SessionParts;
  readonly #blocks = new BlockPool(idleBlocks);
  readonly #gates = new Map<number, { readonly gate: Gate; connections: number }>();
  readonly #open = new Set<Promise<void>>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async greet(login: Login, info: SessionInfo): Promise<SshServices> {
    const { live, watch, clock, events, accounts, settings, version, hashes, different } = this.#parts;
    const { account, view } = login;
    const session = live.list().find(({ id }) => id === info.connection);
    // Without it an operator's change could miss the session.
    if (!session) throw new Fault('failure', undefined, { cause: new Error('the connection is not listed') });
    watch.admit(session, login);
    if (account.id !== anonymousId) {
      await accounts.recordLogin(account.id, clock()).catch((thrown: unknown) => {
        events.emit('server.warning', {
          message: `the login could not be recorded: ${toFault(thrown).message}`,
        });
      });
    }
    const actor = { connection: info.connection, address: info.address, account: account.name };
    const { vfs, home } = await this.#home({
      account,
      view,
      actor,
      permissions: () => ({ readOnly: watch.current(account.id)?.readOnly ?? true }),
    });
    const sessions = new Set<Promise<void>>();
    const person = personOf(account);
    const shared = {
      vfs,
      hashes,
      gate: this.#enterGate(account.id),
      output: info.output,
      input: info.input,
      failed: (operation: string, path: ByteString, cause: unknown): void =>
        events.emit('request.failed', { ...actor, operation, path: shown(path), cause: describe(cause) }),
    };
    /** Runs what serves one channel, which calls `end` once that is over. */
    const serve = (start: (end: () => void) => void): void => {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      this.#track(sessions, ended);
      try {
        start(end);
      } catch (thrown) {
        end();
        throw thrown;
      }
    };

    return {
      sftp: (channel) =>
        serve((end) => {
          events.emit('session.opened', { ...actor, kind: 'sftp' });
          void this.#warnOfLine(home, channel);
          new SftpSession(channel, {
            ...shared,
            person,
            clientIdent: info.client,
            blocks: this.#blocks,
            maxHandles: settings['session.handles'],
            now: clock,
            version,
            status: () => this.#status(login, home),
            ended: (requests) => {
              events.emit('session.closed', { ...actor, kind: 'sftp', requests });
              end();
            },
            ...different?.(actor),
          });
        }),
      exec: (channel, _info, command) =>
        serve((end) => {
          events.emit('session.opened', { ...actor, kind: 'exec', command: shown(command) });
          runCommand(channel, command, {
            ...shared,
            account: person.name,
            refused: (operation, path, { code, message }) =>
              events.emit('request.refused', {
                ...actor,
                operation,
                path: shown(path),
                fault: code,
                message,
              }),
            ended: (exitStatus) => {
              events.emit('session.closed', { ...actor, kind: 'exec', exitStatus });
              end();
            },
          });
        }),
      ended: () => {
        const closed = Promise.all(sessions)
          .then(() => {
            this.#leaveGate(account.id);
            return vfs.close();
          })
          .catch((thrown: unknown) => {
            const message = `the home of ${account.name} could not be closed: ${describe(thrown)}`;
            events.emit('server.warning', { message });
          });
        this.#track(this.#open, closed);
      },
    };
  }

  /** Resolves when every session's files are closed. */
  async allEnded(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** @throws Fault whose sentence names no folder of the host: it is what the user gets to read (J2) */
  async #home(request: HomeRequest): Promise<OpenedHome> {
    try {
      return await homeOf(this.#parts.homes, request);
    } catch (thrown) {
      const { code, message, cause } = toFault(thrown);
      const why = code === 'failure' && cause instanceof Error ? cause.message : message;
      throw new Fault(code, `your home cannot be opened: ${new Fault(code).message}`, {
        cause: new Error(`${request.account.home.path}: ${why}`, { cause: thrown }),
      });
    }
  }

  #track(among: Set<Promise<void>>, ended: Promise<void>): void {
    among.add(ended);
    void ended.then(() => among.delete(ended));
  }

  /** One for each account that has connections. */
  #enterGate(accountId: number): Gate {
    const shared = this.#gates.get(accountId) ?? { gate: new Gate(longTasks), connections: 0 };
    shared.connections++;
    this.#gates.set(accountId, shared);
    return shared.gate;
  }

  #leaveGate(accountId: number): void {
    const shared = this.#gates.get(accountId);
    if (shared && --shared.connections === 0) this.#gates.delete(accountId);
  }

  /** Says on the channel's stderr, which clients show, that a home is nearly full. */
  async #warnOfLine(home: Home, channel: SessionChannel): Promise<void> {
    const { settings, homes } = this.#parts;
    // Who cannot be told now finds out at the line.
    const usage = await homes.quotas.usage(home).catch(() => null);
    const line = usage && warnLine(usage, usage.line, settings['quota.warn']);
    if (line !== null) channel.stderr(line);
  }

  async #status({ account: before, view }: Login, home: Home): Promise<AccountStatus> {
    const { settings, version, watch, homes } = this.#parts;
    const account = watch.current(before.id) ?? before;
    const { bytes, files, line } = await homes.quotas.usage(home);
    return {
      account: account.name,
      role: view === 'homes' ? 'admin' : account.role,
      state: 'active',
      expires: account.expires?.toISOString() ?? null,
      lastLogin: before.lastLoginAt?.toISOString() ?? null,
      readOnly: account.readOnly,
      home: {
        bytes: { used: bytes, limit: line.bytes },
        files: { used: files, limit: line.files },
      },
      ...serverStatus({
        version,
        handles: settings['session.handles'],
        channels: settings['session.channels'],
      }),
    };
  }
}

/** Bytes of a path or a command line that are told to the log. */
const maxShown = 4096;

function shown(path: ByteString): string {
  return toText(path.slice(0, maxShown));
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
