import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, run, type Result } from '../interop/programs.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

function options(sshd: Sshd): readonly string[] {
  return [
    ...['-i', sshd.keyFile, '-F', '/dev/null', '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    ...['-o', `UserKnownHostsFile=${sshd.knownHosts}`, '-o', 'StrictHostKeyChecking=yes'],
  ];
}

function sftp(sshd: Sshd, batch: string): Promise<Result> {
  return run('sftp', [...options(sshd), '-P', String(sshd.port), '-b', '-', `${sshd.user}@${sshd.host}`], {
    input: batch,
  });
}

describe.skipIf(withoutSshd() || missing('sftp', 'ssh'))("OpenSSH's server as a fixture", () => {
  let sshd: Sshd;
  beforeAll(async () => (sshd = await startSshd()));
  afterAll(() => sshd.stop());

  it('starts sessions in its folder, which is empty, and lets nobody else ask for the key', async () => {
    expect(readdirSync(sshd.folder)).toEqual([]);
    writeFileSync(join(sshd.folder, 'there'), 'x');
    const { status, stdout, stderr } = await sftp(sshd, 'pwd\nls\n');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain(`Remote working directory: ${sshd.folder}`);
    expect(stdout).toContain('there');
  });

  it('ends connections as a crash would, and takes new ones', async () => {
    const held = spawn(
      'ssh',
      [...options(sshd), '-p', String(sshd.port), `${sshd.user}@${sshd.host}`, 'echo in; cat'],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    const ended = once(held, 'exit');
    await once(held.stdout, 'data');
    expect(sshd.connections()).toHaveLength(1);
    sshd.drop();
    expect(await ended).toEqual([255, null]);
    expect((await sftp(sshd, 'pwd\n')).status).toBe(0);
  });

  it('has no shell where the configuration says so, and still starts in its folder', async () => {
    const bare = await startSshd({ config: ['ForceCommand internal-sftp', 'MaxSessions 1'] });
    try {
      expect((await sftp(bare, 'pwd\n')).stdout).toContain(bare.folder);
      const shell = await run('ssh', [
        ...options(bare),
        '-p',
        String(bare.port),
        `${bare.user}@${bare.host}`,
        'echo hello',
      ]);
      expect(shell.stdout).not.toContain('hello');
    } finally {
      await bare.stop();
    }
  });
});
