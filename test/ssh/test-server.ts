import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authenticator, Decision, LoginMethod } from '../../src/auth/authenticator.js';
import { settings as declared, type SettingName, type Settings } from '../../src/config/settings.js';
import { liveSessions, type LiveSessions } from '../../src/live.js';
import { createEvents, type EventCatalogue, type EventName } from '../../src/observe/events.js';
import type { ChannelSink, SessionChannel } from '../../src/channel/channel.js';
import { verifySignature } from '../../src/publickey/signature.js';
import { loadHostKeys } from '../../src/ssh/host-key-files.js';
import type { HostKeys } from '../../src/ssh/host-keys.js';
import { privateKeyFile } from '../../src/ssh/private-key-file.js';
import { createSshServer, type SshServer, type SshServerOptions } from '../../src/ssh/server.js';
import type { SessionInfo } from '../../src/ssh/services.js';
import type { Account } from '../../src/store/accounts.js';

export type Seen = { readonly [Name in EventName]: readonly [Name, EventCatalogue[Name]] }[EventName];

export interface TestServer {
  readonly server: SshServer;
  readonly port: number;
  readonly hostKeys: HostKeys;
  readonly live: LiveSessions;
  readonly seen: readonly Seen[];
  readonly infos: readonly SessionInfo[];
  /** Resolves with the first event of that name, also one that is past. */
  event<Name extends EventName>(name: Name): Promise<EventCatalogue[Name]>;
  close(): Promise<void>;
}

export interface TestOptions {
  readonly settings?: Partial<{ readonly [Name in SettingName]: Settings[Name] }>;
  readonly authenticator?: Partial<Authenticator>;
  readonly serve?: (channel: SessionChannel, info: SessionInfo) => void;
  readonly options?: Partial<SshServerOptions>;
}

export function settingsWith(overrides: TestOptions['settings'] = {}): Settings {
  const defaults = Object.entries(declared).map(([name, setting]) => [name, setting.parse(setting.default)]);
  return { ...(Object.fromEntries(defaults) as Settings), ...overrides };
}

/** Sends back what it gets. */
export function echo(channel: SessionChannel): void {
  const sink: ChannelSink = {
    data(bytes) {
      channel.send(Buffer.from(bytes));
      return true;
    },
    end: () => channel.finish(0),
    sent: () => undefined,
    closed: () => undefined,
  };
  channel.start(sink);
}

export const account = {
  id: 1,
  name: 'alice',
  role: 'user',
  state: 'active',
  home: { id: 1, path: '/nowhere', bytesLimit: null, filesLimit: null },
  readOnly: false,
  expires: null,
  passwordHash: null,
  passwordVersion: 1,
  keys: [],
  createdAt: new Date(0),
  lastLoginAt: null,
} as const satisfies Account;

export function granted(method: LoginMethod): Decision {
  return { granted: true, login: { account, view: 'own', method, fingerprint: null } };
}

export const refused: Decision = { granted: false, reason: 'wrong' };

/** The user's keys: alice logs in with either, or with the password `secret`. */
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
export const userKeys = {
  rsa: privateKeyFile(rsa.privateKey, 'test'),
  ed25519: privateKeyFile(ed25519.privateKey, 'test'),
};

const authenticator: Authenticator = {
  methods: () => ['publickey', 'password'],
  none: () => Promise.resolve(refused),
  password: (user, password) =>
    Promise.resolve(user === 'alice' && password === 'secret' ? granted('password') : refused),
  publickey(user, offer) {
    const key = Object.values(userKeys).find(({ publicBlob }) => publicBlob.equals(offer.blob));
    if (user !== 'alice' || !key) return Promise.resolve(refused);
    const { proof } = offer;
    const right = !proof || verifySignature(offer.blob, offer.algorithm, proof.signed, proof.signature);
    return Promise.resolve(right ? granted('publickey') : refused);
  },
};

let keys: Promise<HostKeys> | null = null;

function hostKeysOfThisRun(): Promise<HostKeys> {
  if (!keys) {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-ssh-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    keys = loadHostKeys(join(folder, 'keys'));
  }
  return keys;
}

export async function startServer(test: TestOptions = {}): Promise<TestServer> {
  const hostKeys = await hostKeysOfThisRun();
  const events = createEvents();
  const seen: Seen[] = [];
  const waiting = new Set<() => void>();
  events.subscribe((name, event) => {
    seen.push([name, event] as unknown as Seen);
    for (const wake of [...waiting]) wake();
  });
  const live = liveSessions();
  const infos: SessionInfo[] = [];
  const current = settingsWith(test.settings);
  const server = createSshServer({
    hostKeys: () => hostKeys,
    ident: 'Plimsoll_0.1',
    settings: () => current,
    authenticator: { ...authenticator, ...test.authenticator },
    events,
    live,
    greet: (_login, info) => {
      infos.push(info);
      return Promise.resolve({ sftp: test.serve ?? echo, exec: test.serve ?? echo, ended: () => undefined });
    },
    ...test.options,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    server,
    port,
    hostKeys,
    live,
    seen,
    infos,
    event: (name) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = seen.find((one) => one[0] === name);
          if (!found) return;
          waiting.delete(look);
          resolve(found[1] as never);
        };
        waiting.add(look);
        look();
      }),
    close: () => server.close(0),
  };
}
