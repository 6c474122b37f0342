import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Remote } from '../../../../src/client/remote.js';
import { fromText } from '../../../../src/names.js';
import { remoteAt } from '../../../client/open-remote.js';
import { startSshd, withoutSshd } from '../../../client/sshd.js';
import { startServer } from '../../../interop/server.js';

/** A session of a server whose files can be looked at. */
export interface Site {
  readonly remote: Remote;
  /** A folder of the server, and the same one on this disk; empty after `empty`. */
  readonly folder: string;
  readonly disk: string;
  empty(): void;
  stop(): Promise<void>;
}

export type SiteName = 'plimsoll' | 'OpenSSH';

/** The servers that can be run here. */
export const siteNames: readonly SiteName[] = withoutSshd() ? ['plimsoll'] : ['plimsoll', 'OpenSSH'];

export async function openSite(name: SiteName): Promise<Site> {
  return name === 'plimsoll' ? openPlimsoll() : openSsh();
}

async function openPlimsoll(): Promise<Site> {
  const server = await startServer();
  const opened = await remoteAt({ port: server.port, keyFile: server.keyFile, user: 'alice' });
  return site(opened.remote, '/work', join(server.home('alice'), 'work'), async () => {
    opened.end();
    await server.stop();
  });
}

async function openSsh(): Promise<Site> {
  const server = await startSshd();
  const opened = await remoteAt(server);
  const disk = join(server.folder, 'work');
  return site(opened.remote, fromText(disk), disk, async () => {
    opened.end();
    await server.stop();
  });
}

function site(remote: Remote, folder: string, disk: string, stop: () => Promise<void>): Site {
  const empty = (): void => {
    rmSync(disk, { recursive: true, force: true });
    mkdirSync(disk, { recursive: true });
  };
  return { remote, folder, disk, empty, stop };
}
