import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ssh2 from 'ssh2';
import { connect } from '../../src/client/connect.js';
import type { Login } from '../../src/client/connection.js';
import type { Link } from '../../src/client/link.js';
import type { Remote } from '../../src/client/remote.js';
import { createLink } from '../../src/client/reconnecting.js';
import type {
  Collision,
  CollisionChoice,
  Decisions,
  Mismatch,
  MismatchChoice,
  TransferOptions,
  TransferResult,
  TransferSubject,
} from '../../src/client/transfer.js';
import { Fault, toFault } from '../../src/fault.js';
import type { TestServer } from '../../src/testing.js';
import type { Sshd } from './sshd.js';

/** Logs in at far less cost than a password. */
const key = ssh2.utils.generateKeyPairSync('ed25519');

/** Accounts of a test server of whom `linkTo` has the key. */
export const keyedAccounts = { alice: { keys: [key.public] } } as const;

/** A link to a server of a test: its key is taken as it comes, and it waits for nothing before it connects again. */
export function linkTo(
  server: Pick<TestServer, 'port' | 'user' | 'password'> | Sshd,
  { retries = 0, timeout = 20_000 } = {},
): Link {
  const login: Login = {
    user: server.user,
    agent: null,
    keys: [
      { key: 'keyFile' in server ? readFileSync(server.keyFile) : Buffer.from(key.private), name: 'key' },
    ],
    passphrase: () => Promise.resolve(null),
    password: () => Promise.resolve('password' in server ? server.password : null),
    answers: () => Promise.resolve(null),
  };
  return createLink({
    connect: () =>
      connect({
        host: '127.0.0.1',
        port: server.port,
        login,
        checkHostKey: () => Promise.resolve(),
        timeout,
      }),
    retries,
    timers: {
      now: () => performance.now(),
      wait: (_milliseconds, signal) =>
        signal?.aborted ? Promise.reject(new Fault('cancelled')) : Promise.resolve(),
    },
  });
}

/** The same link, to a server that says another hash, or that cannot hash. */
export function withHash(link: Link, hash: Remote['hash']): Link {
  const changed = new WeakMap<Remote, Remote>();
  const other = (remote: Remote): Remote => {
    const known =
      changed.get(remote) ??
      new Proxy(remote, { get: (target, key) => (key === 'hash' ? hash : own(target, key)) });
    changed.set(remote, known);
    return known;
  };
  return {
    remote: async () => other(await link.remote()),
    use: (work, signal) => link.use((remote, attempt) => work(other(remote), attempt), signal),
    end: () => link.end(),
  };
}

function own(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}

/** What a transfer asked and told. */
export interface Told {
  readonly collisions: Collision[];
  readonly mismatches: Mismatch[];
  readonly notes: string[];
  readonly begins: { readonly from: number; readonly total: number | null }[];
  readonly ends: (TransferResult | Fault)[];
  moved: number;
}

export interface Rig {
  readonly told: Told;
  readonly options: TransferOptions;
}

export interface RigChoices extends Partial<Omit<TransferOptions, 'decisions' | 'watcher'>> {
  readonly collision?: CollisionChoice;
  readonly mismatch?: MismatchChoice | 'resume';
  readonly onMoved?: (bytes: number) => void;
}

/** Options of a transfer as the program has them by default, off a terminal, and what it told. */
export function rig({ collision = 'fail', mismatch = 'fail', onMoved, ...more }: RigChoices = {}): Rig {
  const told: Told = { collisions: [], mismatches: [], notes: [], begins: [], ends: [], moved: 0 };
  const decisions: Decisions = {
    collision: (found) => {
      told.collisions.push(found);
      return Promise.resolve(collision);
    },
    mismatch: (found) => {
      told.mismatches.push(found);
      return Promise.resolve(mismatch);
    },
  };
  const watcher = {
    begin: (_subject: TransferSubject, size: Told['begins'][number]) => void told.begins.push(size),
    moved: (_subject: TransferSubject, bytes: number) => {
      told.moved += bytes;
      onMoved?.(told.moved);
    },
    note: (_subject: TransferSubject, sentence: string) => void told.notes.push(sentence),
    end: (_subject: TransferSubject, result: TransferResult | Fault) => void told.ends.push(result),
  };
  return {
    told,
    options: {
      verify: { algorithm: 'md5', explicit: false },
      decisions,
      preserve: false,
      inPlace: false,
      checkRoom: true,
      limit: null,
      sync: false,
      watcher,
      signal: new AbortController().signal,
      ...more,
    },
  };
}

/** The fault that something ends with. */
export async function faultOf(running: Promise<unknown>): Promise<Fault> {
  try {
    await running;
  } catch (thrown) {
    return toFault(thrown);
  }
  throw new Error('it did not fail');
}

export function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}
