import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LiveFzsftp, type FzsftpOptions } from './live-fzsftp.js';
import { missing } from './programs.js';
import { puttyKey } from './putty.js';
import { must, startServer, type TestServer } from './server.js';

/** The program that FileZilla runs for SFTP. Its transfers need memory shared with FileZilla: filezilla-sequences. */
describe.skipIf(missing('fzsftp', 'puttygen', 'ssh-keygen'))("FileZilla's fzsftp", () => {
  const password = 'a pass  phrase';
  const open: LiveFzsftp[] = [];
  let server: TestServer;
  let home: string;
  let ppk: string;
  const remote = (name: string): string => join(home, name);

  async function start(options: Partial<FzsftpOptions> = {}): Promise<LiveFzsftp> {
    const fzsftp = new LiveFzsftp({ memory: join(server.work, 'memory'), ...options });
    open.push(fzsftp);
    expect(await fzsftp.greeting()).toContain('protocol_version=');
    return fzsftp;
  }

  async function loggedIn(account: string): Promise<LiveFzsftp> {
    const fzsftp = await start();
    expect((await fzsftp.ask(`keyfile "${ppk}"`)).succeeded).toBe(true);
    expect((await fzsftp.ask(`open "${account}@127.0.0.1" ${server.port}`)).succeeded).toBe(true);
    return fzsftp;
  }

  beforeAll(async () => {
    server = await startServer();
    home = server.home('alice');
    ppk = await puttyKey(server);
    mkdirSync(home, { recursive: true });
  });
  afterAll(async () => {
    for (const fzsftp of open) await fzsftp.end();
    await server.stop();
  });

  it('shows the host key, is trusted, and logs in by password', async () => {
    await must(server.plimsoll(['user', 'add', 'paula', '--password-stdin'], password));
    const { stdout: shown } = await must(server.plimsoll(['hostkey', 'show']));
    const fzsftp = await start({ password });
    const answer = await fzsftp.ask(`open "paula@127.0.0.1" ${server.port}`);
    expect(answer.succeeded).toBe(true);
    expect(shown).toContain(/SHA256:\S+/.exec(answer.said('fingerprint')[0] ?? '')?.[0] ?? 'none');
    expect(answer.said('kex-curve')).toEqual(['Curve25519']);
    expect((await fzsftp.ask('pwd')).said('reply')).toEqual(['Current directory is: "/"']);
    expect(await fzsftp.end()).toBe(0);
  });

  it('a wrong password is refused, and is asked for again until the server has enough', async () => {
    await must(server.plimsoll(['user', 'add', 'quentin', '--password-stdin'], password));
    const fzsftp = await start({ password: 'wrong' });
    const answer = await fzsftp.ask(`open "quentin@127.0.0.1" ${server.port}`);
    expect(answer.succeeded).toBe(false);
    expect(answer.said('status').join()).toContain('Access denied');
    expect(answer.said('error').join()).toContain('too many login attempts');
  });

  it('cd, ls: names, sizes, owners and times as they are on disk', async () => {
    mkdirSync(remote('listing/sub'), { recursive: true });
    writeFileSync(remote('listing/one'), '12345');
    utimesSync(remote('listing/one'), 1_000_000_000, 1_100_000_000);
    const fzsftp = await loggedIn('alice');
    expect((await fzsftp.ask('cd "/listing"')).said('reply')).toEqual(['New directory is: "/listing"']);
    const entries = (await fzsftp.ask('ls')).said('entry').map((entry) => entry.split('\n'));
    expect(entries.map(([, , name]) => name).sort()).toEqual(['.', '..', 'one', 'sub']);
    const [longname, mtime] = entries.find(([, , name]) => name === 'one') ?? [];
    expect(longname).toMatch(/^-rw-r--r-- +1 alice +alice +5 .* one$/);
    expect(mtime).toBe('1100000000');
    expect(entries.find(([, , name]) => name === 'sub')?.[0]).toMatch(/^drwx/);
  });

  it('mkdir, mv, rm and rmdir, with names that need quotes', async () => {
    const fzsftp = await loggedIn('alice');
    writeFileSync(remote('file'), 'bytes');
    expect((await fzsftp.ask('mkdir "a ""quoted"" folder"')).succeeded).toBe(true);
    expect((await fzsftp.ask('mv "file" "a ""quoted"" folder/mov ed"')).succeeded).toBe(true);
    expect(readFileSync(remote('a "quoted" folder/mov ed'), 'utf8')).toBe('bytes');
    expect((await fzsftp.ask('rm "a ""quoted"" folder/mov ed"')).succeeded).toBe(true);
    expect((await fzsftp.ask('rmdir "a ""quoted"" folder"')).succeeded).toBe(true);
    expect(existsSync(remote('a "quoted" folder'))).toBe(false);
  });

  it('chmod, chmtime and mtime', async () => {
    writeFileSync(remote('dated'), 'x');
    const fzsftp = await loggedIn('alice');
    // fzsftp 3.63 ends chmod with "failed" whatever came of it; what it says before is right.
    expect((await fzsftp.ask('chmod 640 "dated"')).said('status')).toEqual(['/dated: 0644 -> 0640']);
    expect((await fzsftp.ask('chmtime 1234567890 "dated"')).succeeded).toBe(true);
    expect((await fzsftp.ask('mtime "dated"')).said('reply')).toEqual(['1234567890']);
    expect(statSync(remote('dated')).mode & 0o777).toBe(0o640);
    expect(statSync(remote('dated')).mtimeMs).toBe(1_234_567_890_000);
  });

  it('says why something is refused, and goes on', async () => {
    const fzsftp = await loggedIn('alice');
    mkdirSync(remote('full'));
    writeFileSync(remote('full/x'), 'x');
    const full = await fzsftp.ask('rmdir "full"');
    expect(full.succeeded).toBe(false);
    expect(full.said('error').join()).toContain('the folder is not empty');
    expect((await fzsftp.ask('mkdir "full"')).said('error').join()).toContain('that name exists already');
    expect((await fzsftp.ask('cd "none"')).said('error').join()).toContain('no such file');
    expect((await fzsftp.ask('pwd')).succeeded).toBe(true);
    expect(existsSync(remote('full/x'))).toBe(true);
  });

  it('a read-only account is told so on stderr; its listing works and nothing changes', async () => {
    await server.addAccount('reader', '--read-only');
    const fzsftp = await loggedIn('reader');
    const answer = await fzsftp.ask('mkdir "new"');
    expect(answer.said('error').join()).toContain('permission denied');
    expect((await fzsftp.ask('ls')).succeeded).toBe(true);
    expect(await fzsftp.end()).toBe(0);
    expect(fzsftp.stderr).toContain('this account may only read');
    expect(existsSync(join(server.home('reader'), 'new'))).toBe(false);
  });

  it('a name that is not UTF-8 is listed and renamed byte for byte [J3]', async () => {
    const before = Buffer.concat([Buffer.from(`${home}/`), Buffer.from('caf\xe9 \xff', 'latin1')]);
    const after = Buffer.concat([Buffer.from(`${home}/`), Buffer.from('\xfe moved', 'latin1')]);
    writeFileSync(before, 'bytes');
    const fzsftp = await loggedIn('alice');
    const names = (await fzsftp.ask('ls')).said('entry').map((entry) => entry.split('\n')[2]);
    expect(names).toContain('caf\xe9 \xff');
    expect((await fzsftp.ask('mv "caf\xe9 \xff" "\xfe moved"')).succeeded).toBe(true);
    expect(readFileSync(after, 'utf8')).toBe('bytes');
    expect(existsSync(before)).toBe(false);
  });

  it('a host key that is not trusted ends the login before anything is sent', async () => {
    const fzsftp = await start({ memory: join(server.work, 'fresh'), password, trust: '' });
    const answer = await fzsftp.ask(`open "alice@127.0.0.1" ${server.port}`);
    expect(answer.succeeded).toBe(false);
    expect(answer.said('host-key')).toEqual([`127.0.0.1\n${server.port}`]);
    expect(answer.said('password')).toEqual([]);
  });
});
