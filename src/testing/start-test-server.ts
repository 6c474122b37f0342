import { createServerWith } from '../embed/create-server.js';
import { assertKnown } from '../embed/known-options.js';
import type { Seams } from '../embed/start.js';
import { Fault } from '../fault.js';
import { formatPublicKey } from '../publickey/public-key.js';
import { hostKeysOf, newHostKey, type HostKeys } from '../ssh/host-keys.js';
import { systemTimers } from '../ssh/timers.js';
import { memoryVfs } from '../vfs/memory.js';
import type { Vfs } from '../vfs/vfs.js';
import { text, whole } from './checked.js';
import type { Faults, OtherHostKey } from './faults.js';
import { writeWhole } from './home-contents.js';
import { Link } from './link.js';
import { LoopbackServer } from './loopback-server.js';
import { OperationFaults } from './operation-faults.js';
import { RefusedLogins } from './refused-logins.js';
import { Relay } from './relay.js';
import { keptRequests, Recorder } from './request-record.js';
import { SessionNames } from './session-names.js';
import { mostChars } from './seen-request.js';
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
  const { user = 'alice', password = 'secret', vfs = memoryVfs() } = options;
  text('startTestServer: user', user);
  if (typeof (vfs as unknown) !== 'object') {
    throw new Fault('invalid', 'startTestServer: vfs is one Vfs, which all accounts share');
  }
  await fill(vfs, options.files ?? {});

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
      recorder.note({
        ...{ session, account, at: new Date(), operation: 'exec' },
        command: command.slice(0, mostChars),
      });
    });
  const own = options.accounts?.[user];
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
    ...{ port, user, password: own ? (own.password ?? '') : password },
  });
}

/** @throws Fault that names the file */
async function fill(vfs: Vfs, files: NonNullable<TestServerOptions['files']>): Promise<void> {
  const given: unknown = files;
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new Fault('invalid', "startTestServer: files must be an object: { '/PATH': 'what it holds', ... }");
  }
  for (const [path, data] of Object.entries(files)) {
    try {
      await writeWhole(vfs, path, data);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      const { code, message } = thrown;
      throw new Fault(code, `startTestServer: the file '${path}': ${message}`, { cause: thrown });
    }
  }
}

function shown({ keys }: HostKeys): OtherHostKey {
  const [key] = keys;
  if (!key) throw new Error('no key was made');
  return { hostKey: formatPublicKey({ ...key, comment: '' }), fingerprint: key.fingerprint };
}
