import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { Fault } from '../fault.js';
import { shownAddress, type Address } from './address.js';
import { serverText } from './broken.js';
import type { SshConnection } from './ssh-connection.js';

/** Milliseconds for a server to close a session that was ended. */
const farewell = 2_000;

/** Asks for an SFTP session at once. @throws Error as ssh2 does */
export function requestSftp(client: Client): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.subsys('sftp', (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

/**
 * The channel that was asked for. Where it was refused while the library's got through (some servers grant one only),
 * the library's is ended and ours opened in its place.
 * @param others the library's session, or `null` where it has none either
 * @throws Fault
 */
export async function sftpChannel(
  ssh: SshConnection,
  requested: Promise<ClientChannel>,
  others: Promise<{ end(): void; once(event: 'close', listener: () => void): unknown } | null>,
): Promise<ClientChannel> {
  try {
    return await requested;
  } catch (error) {
    const other = await others;
    if (ssh.fault) throw ssh.fault;
    if (other === null) throw noSftp(ssh, error as Error);
    const ended = new Promise<void>((resolve) => other.once('close', resolve));
    other.end();
    // A server that is done with it only later would refuse ours again; one that never says so is asked all the same.
    await Promise.race([ended, ssh.closed, sleep(farewell, undefined, { ref: false })]);
    return requestSftp(ssh.client).catch((again: unknown) => {
      throw ssh.fault ?? noSftp(ssh, again as Error);
    });
  }
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
