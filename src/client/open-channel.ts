import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { Fault } from '../fault.js';
import { shownAddress, type Address } from './address.js';
import { serverText } from './broken.js';
import { Deferred } from './deferred.js';
import { openedWith, openerOf, type RequestingChannel } from './internals.js';
import type { SshConnection } from './ssh-connection.js';

/** An SFTP session that was asked for. */
export interface RequestedSftp {
  /** Its channel: the request is on its way, and what is written goes behind it. @throws Error as ssh2 does */
  readonly channel: Promise<ClientChannel>;
  /** Resolves when the server has granted it. @throws Error as ssh2 does */
  readonly granted: Promise<unknown>;
}

/**
 * Asks for an SFTP session at once. As OpenSSH's client does, it leaves the beginning of the session to whoever has the
 * channel, without a round trip for the answer; ssh2 would give the channel out only then.
 */
export function requestSftp(client: Client): RequestedSftp {
  const channel = new Deferred<ClientChannel>();
  const granted = new Deferred<undefined>();
  const opener = openerOf(client);
  const refuse = (error: Error): void => {
    channel.reject(error);
    granted.reject(error);
  };
  const opened = (error: Error | undefined, open: RequestingChannel): void => {
    if (error) {
      refuse(error);
      return;
    }
    open._callbacks.push((refused) => {
      if (refused === false) granted.resolve(undefined);
      else granted.reject(refused === true ? new Error('Unable to start subsystem: sftp') : refused);
    });
    opener._protocol.subsystem(open.outgoing.id, 'sftp', true);
    channel.resolve(open);
  };
  try {
    const id = opener._chanMgr.add(Object.assign(opened, { type: 'session' } as const));
    if (id === -1) throw new Error('No free channels available');
    opener._protocol.session(id, openedWith.window, openedWith.packetSize);
  } catch (error) {
    refuse(error as Error);
  }
  return { channel: channel.promise, granted: granted.promise };
}

/**
 * Begins the session that was asked for, and does not wait for the answer before that.
 * @throws Fault `no-connection`, `unsupported`, and what `begin` throws
 */
export async function beginSftp<T>(
  ssh: SshConnection,
  { channel, granted }: RequestedSftp,
  begin: (channel: ClientChannel) => Promise<T>,
): Promise<T> {
  const beginning = channel.then(begin);
  beginning.catch(() => undefined);
  try {
    await granted;
  } catch (error) {
    channel.then(
      (open) => open.close(),
      () => undefined,
    );
    throw ssh.fault ?? noSftp(ssh, error as Error);
  }
  return beginning;
}

function noSftp(ssh: SshConnection, error: Error & { readonly reason?: unknown }): Fault {
  const said = serverText(error.message.replace(/^\(SSH\) /, ''));
  // A reason is what a refused channel has [RFC 4254 5.1]; without one it was the subsystem that is not there.
  return typeof error.reason === 'number'
    ? new Fault('no-connection', `${ssh.at} grants the login and no session: ${said}`)
    : new Fault('unsupported', `${ssh.at} grants the login and has no SFTP: ${said}`);
}

/** A way through a host that is logged in to. @throws Fault `no-connection` */
export function throughHost(ssh: SshConnection, { host, port }: Address): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    ssh.client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      if (!error) {
        resolve(channel);
        return;
      }
      const to = shownAddress({ host, port });
      const said = serverText(error.message.replace(/^\(SSH\) Channel open failure: /, ''));
      reject(ssh.fault ?? new Fault('no-connection', `${ssh.at} does not connect to ${to}: ${said}`));
    });
  });
}
