import type { Duplex } from 'node:stream';
import ssh2, { type ConnectConfig, type SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { Fault } from '../fault.js';
import { shownAddress } from './address.js';
import { colonLastLine } from './broken.js';
import type { Connection, ConnectOptions } from './connection.js';
import { moreSessions } from './more-sessions.js';
import { beginSftp, requestSftp, throughHost } from './open-channel.js';
import { openSocket } from './open-socket.js';
import { openRemote } from './remote-files.js';
import { SshConnection } from './ssh-connection.js';

/**
 * Connects, through other hosts where there are such, checks host keys, logs in and begins an SFTP session. `signal`
 * stops that; a connection that stands is ended with its `end`.
 * @throws Fault `no-connection`, `timed-out`, `wrong-host-key`, `login-refused`, `unsupported`, `cancelled`, `invalid`
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { jumps = [], signal, ...last } = options;
  const chain: SshConnection[] = [];
  const onAbort = (): void => {
    for (const ssh of [...chain].reverse()) ssh.fail(new Fault('cancelled'));
  };
  signal?.addEventListener('abort', onAbort);
  try {
    for (const jump of jumps) {
      const stream = await openStream(chain.at(-1), jump, signal);
      const client = new ssh2.Client();
      const start = (config: ConnectConfig): unknown => client.connect(config);
      chain.push(new SshConnection({ options: jump, stream, client, start }));
      await chain.at(-1)?.loggedIn();
      if (signal?.aborted) throw new Fault('cancelled');
    }
    return await connectLast(chain, last, await openStream(chain.at(-1), last, signal), signal);
  } catch (error) {
    // What broke the connection says more than what failed because of it.
    const fault = signal?.aborted ? new Fault('cancelled') : chain.at(-1)?.fault;
    await endAll(chain);
    throw fault ?? error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A socket, or a way through the host before. */
async function openStream(
  before: SshConnection | undefined,
  options: Omit<ConnectOptions, 'jumps'>,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  if (!before) return openSocket(options, options.timeout, signal);
  return inTime(throughHost(before, options), before, options.timeout, `connect to ${shownAddress(options)}`);
}

/** The connection that the files are on, made by ssh2-sftp-client. */
async function connectLast(
  chain: SshConnection[],
  options: Omit<ConnectOptions, 'jumps'>,
  stream: Duplex,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const { timeout } = options;
  const silent = (): void => undefined;
  const library = new SftpClient('plim', { error: silent, end: silent, close: silent });
  // The types leave out what it is made of.
  const { client } = library as unknown as { readonly client: ssh2.Client };
  // Ours is the only session: a second one takes from the line, and from what the server grants an account.
  client.sftp = (done) => {
    if (typeof done === 'function') done(new Error('the session is ours'), null as unknown as SFTPWrapper);
    return client;
  };
  const ssh = new SshConnection({
    options,
    stream,
    client,
    start: (config) => void library.connect(config).catch(silent),
  });
  chain.push(ssh);
  await ssh.loggedIn();
  const { channel, remote } = await inTime(
    beginSftp(ssh, requestSftp(client), async (opened) => {
      const abandon = (fault: Fault): void => ssh.fail(fault);
      const begun = await openRemote({ channel: opened, client, ident: ssh.ident, timeout, abandon });
      return { channel: opened, remote: begun };
    }),
    ssh,
    timeout,
    'open a session',
  );
  ssh.lastWords = () => remote.takeStderr();
  channel.once('close', () => {
    const said = colonLastLine(remote.takeStderr());
    ssh.fail(new Fault('no-connection', `${ssh.at} ended the session${said}`));
  });
  for (const jump of chain.slice(0, -1)) {
    void jump.closed.then((fault) => {
      if (fault) ssh.fail(new Fault('no-connection', `the way through ${jump.at} broke: ${fault.message}`));
    });
  }
  if (ssh.fault) throw ssh.fault;
  if (signal?.aborted) throw new Fault('cancelled');
  const ended = ssh.closed.then(async (fault) => {
    await endAll(chain);
    return fault;
  });
  return {
    remote,
    more: moreSessions({ ssh, client, timeout }),
    loginMethod: ssh.loginMethod,
    closed: ended,
    end: () => endAll(chain),
  };
}

async function endAll(chain: readonly SshConnection[]): Promise<void> {
  for (const ssh of [...chain].reverse()) await ssh.end();
}

/** What a host answers or does not. A host that only answers other things must not be waited for without end. */
async function inTime<T>(work: Promise<T>, ssh: SshConnection, ms: number, what: string): Promise<T> {
  const timer = setTimeout(() => ssh.fail(new Fault('timed-out', `${ssh.at} does not ${what} in time`)), ms);
  const broken = ssh.closed.then((fault) => {
    throw fault ?? new Fault('cancelled');
  });
  broken.catch(() => undefined);
  try {
    return await Promise.race([work, broken]);
  } finally {
    clearTimeout(timer);
  }
}
