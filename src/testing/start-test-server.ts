import { createServerWith } from '../embed/create-server.js';
import { assertKnown } from '../embed/known-options.js';
import type { Seams } from '../embed/start.js';
import { formatPublicKey } from '../publickey/public-key.js';
import { hostKeysOf, newHostKey, type HostKeys } from '../ssh/host-keys.js';
import { systemTimers } from '../ssh/timers.js';
import { memoryVfs } from '../vfs/memory.js';
import { whole } from './checked.js';
import type { Faults, OtherHostKey } from './faults.js';
import { writeWhole } from './home-contents.js';
import { Link } from './link.js';
import { LoopbackServer } from './loopback-server.js';
import { OperationFaults } from './operation-faults.js';
import { RefusedLogins } from './refused-logins.js';
import { Relay } from './relay.js';
import { keptRequests, Recorder } from './request-record.js';
import { SessionNames } from './session-names.js';
import type { TestServer, TestServerOptions } from './test-server.js';
import { watched } from './watched-session.js';

const optionNames = {
  user: true,
  password: true,
  accounts: true,
  files: true,
  vfs: true,
  settings: true,
  hostKey: true,
  ident: true,
  keepRequests: true,
} as const satisfies Readonly<Record<keyof TestServerOptions, true>>;

/** All clients of a test come from one address. */
const roomy = { 'login.pending': 1000, 'login.pendingPerAddress': 1000 } as const;

/**
 * A real SFTP server on a port of its own, with a home in memory and faults to be had: for tests of whatever talks to
 * one. Any number of them run side by side.
 * @throws Fault `invalid` with a sentence, when an option is wrong or unknown
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const given: unknown = options;
  assertKnown(given, optionNames, 'startTestServer');
  const { user = 'alice', password = 'secret', files = {}, vfs = memoryVfs() } = options;
  for (const [path, data] of Object.entries(files)) await writeWhole(vfs, path, data);

  const logins = new RefusedLogins();
  const operations = new OperationFaults(systemTimers);
  const link = new Link();
  const recorder = new Recorder(whole('keepRequests', options.keepRequests ?? keptRequests, 1));
  const sessions = new SessionNames();
  let other: HostKeys | null = null;
  const seams: Seams = {
    hostKeys: (own) => () => other ?? own,
    authenticator: (own) => logins.around(own),
    different: ({ connection, account }) => {
      const session = sessions.next(connection);
      return { intercept: watched({ ...session, account }, recorder, operations) };
    },
  };
  const server = createServerWith(
    {
      accounts: { [user]: { password }, ...options.accounts },
      vfs,
      settings: { ...roomy, ...options.settings },
      ...(options.hostKey !== undefined && { hostKey: options.hostKey }),
      ...(options.ident !== undefined && { ident: options.ident }),
    },
    seams,
  );
  server
    .on('login.succeeded', ({ connection, client }) => sessions.add(connection, client))
    .on('connection.closed', ({ connection }) => {
      sessions.remove(connection);
      logins.forget(connection);
    })
    .on('session.opened', (opened) => {
      if (opened.kind !== 'exec') return;
      const { connection: session, account, command } = opened;
      recorder.note({ session, account, at: new Date(), operation: 'exec', command });
    });
  await server.listen(0);
  const relay = new Relay({ link, target: () => server.port });
  let port: number;
  try {
    port = await relay.listen();
  } catch (thrown) {
    await server.close({ grace: 0 });
    throw thrown;
  }
  const faults: Faults = {
    cutAfter: (bytes, how) => link.cutAfter(bytes, how),
    cut: () => relay.cut(),
    slow: (how) => link.slow(how),
    stall: (how) => link.stall(how),
    resume: () => link.resume(),
    refuse: (operation, how) => operations.refuse(operation, how),
    status: (operation, how) => operations.status(operation, how),
    delay: (operation, how) => operations.delay(operation, how),
    refuseLogins: (how) => logins.refuse(how),
    changeHostKey: () => shown((other = hostKeysOf([newHostKey()]))),
    clear: () => {
      other = null;
      logins.clear();
      operations.clear();
      link.clear();
    },
  };
  return new LoopbackServer({
    server,
    relay,
    faults,
    requests: recorder.record,
    vfs,
    ...{ port, user, password: options.accounts?.[user]?.password ?? password },
  });
}

function shown({ keys }: HostKeys): OtherHostKey {
  const [key] = keys;
  if (!key) throw new Error('no key was made');
  return { hostKey: formatPublicKey({ ...key, comment: '' }), fingerprint: key.fingerprint };
}
