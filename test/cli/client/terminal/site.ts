import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSshd, withoutSshd } from '../../../client/sshd.js';
import { startServer } from '../../../interop/server.js';
import { siteNames as allSites, type Sides, type SiteName } from './row.js';

/** A server, and a folder for the person in front of it. */
export interface Site extends Sides {
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  /** `SHA256:...` of its host key. */
  readonly fingerprint: string;
  /** A folder for what is neither server's nor in `here`. */
  readonly work: string;
  stop(): Promise<void>;
}

export const password = 'a-long-password';

/** The servers that can be run here. */
export const siteNames: readonly SiteName[] = withoutSshd() ? ['plimsoll'] : allSites;

export async function openSite(site: SiteName): Promise<Site> {
  const work = mkdtempSync(join(tmpdir(), 'plim-terminal-'));
  const here = join(work, 'here');
  mkdirSync(here);
  const opened = site === 'plimsoll' ? await openPlimsoll() : await openSsh(site);
  return {
    site,
    work,
    here,
    ...opened,
    stop: async () => {
      await opened.stop();
      rmSync(work, { recursive: true });
    },
  };
}

type Opened = Omit<Site, 'site' | 'work' | 'here'>;

async function openPlimsoll(): Promise<Opened> {
  const server = await startServer();
  await server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], `${password}\n`);
  const there = server.home('alice');
  mkdirSync(there, { recursive: true });
  return {
    port: server.port,
    user: 'alice',
    keyFile: server.keyFile,
    fingerprint: fingerprintOf(join(server.root, 'keys', 'ssh_host_ed25519_key')),
    there,
    home: '/',
    stop: async () => {
      await server.stop();
    },
  };
}

async function openSsh(site: SiteName): Promise<Opened> {
  const bare = site === 'OpenSSH without a shell';
  const sshd = await startSshd({
    config: bare ? ['ForceCommand internal-sftp'] : [],
  });
  const { port, user, keyFile, hostKeyFile, folder } = sshd;
  return {
    port,
    user,
    keyFile,
    fingerprint: fingerprintOf(`${hostKeyFile}.pub`),
    there: folder,
    home: folder,
    stop: () => sshd.stop(),
  };
}

function fingerprintOf(file: string): string {
  return execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? '';
}
