import type { Client } from 'ssh2';
import type { Fault } from '../fault.js';
import { beginSftp, requestSftp } from './open-channel.js';
import { openRemote } from './remote-files.js';
import type { Remote } from './remote.js';
import type { SshConnection } from './ssh-connection.js';

export interface MoreSessionsOptions {
  readonly ssh: SshConnection;
  readonly client: Client;
  readonly timeout: number;
}

/** What opens SFTP sessions beside the first; it gives `null` once the server has refused one. */
export function moreSessions(options: MoreSessionsOptions): () => Promise<Remote | null> {
  let refused = false;
  return async () => {
    if (refused || options.ssh.fault) return null;
    try {
      return await open(options);
    } catch {
      refused = true;
      return null;
    }
  };
}

async function open({ ssh, client, timeout }: MoreSessionsOptions): Promise<Remote> {
  return beginSftp(ssh, requestSftp(client), async (channel) => {
    let begun = false;
    const abandon = (fault: Fault): void => {
      // A server that says nothing here, or cannot do it at all, may still be right about the sessions it has.
      if (begun && fault.code === 'bad-message') ssh.fail(fault);
      else channel.close();
    };
    try {
      const remote = await openRemote({ channel, client, ident: ssh.ident, timeout, abandon });
      begun = true;
      return remote;
    } catch (thrown) {
      channel.close();
      throw thrown;
    }
  });
}
