import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLines, audited as untilAudited, type AuditLine } from './audit.js';
import { awaited } from './awaited.js';
import { byPassword, liveSftp, type LiveSftp } from './live-sftp.js';
import { missing, run, type Result } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

const large = 90_000_000;

const secret = 'correct horse battery';

/** Accounts and their operator, by the real clients: who gets in, to what, and for how long. */
describe.skipIf(missing('sftp', 'ssh-keygen'))("accounts, with OpenSSH's sftp", () => {
  let server: TestServer;
  const inWork = (name: string): string => join(server.work, name);

  beforeAll(async () => {
    server = await startServer({ environment: { PLIMSOLL_ANONYMOUS_ENABLED: 'true' } });
    writeFileSync(inWork('small'), 'small');
    writeFileSync(inWork('large'), '');
    truncateSync(inWork('large'), large);
    writeFileSync(inWork('medium'), '');
    truncateSync(inWork('medium'), 9_000_000);
  });
  afterAll(() => server.stop());

  const audit = (): readonly AuditLine[] => auditLines(server);
  const audited = (wanted: (line: AuditLine) => boolean): Promise<AuditLine> => untilAudited(server, wanted);

  function operator(...args: readonly string[]): Promise<Result> {
    return must(server.plimsoll(args));
  }

  async function withPassword(name: string, ...args: readonly string[]): Promise<void> {
    await must(server.plimsoll(['user', 'add', name, '--password-stdin', ...args], `${secret}\n`));
  }

  /** One try by password, that does nothing once it is in. */
  async function tryPassword(user: string, password: string, batch = 'pwd'): Promise<Result> {
    const { options, environment } = byPassword(server, password);
    const session = liveSftp(server, user, options, environment);
    session.type(batch);
    session.type('bye');
    return session.ended;
  }

  async function newKey(name: string, ...type: readonly string[]): Promise<string> {
    const file = inWork(name);
    await must(run('ssh-keygen', ['-q', '-t', ...type, '-N', '', '-C', name, '-f', file]));
    return file;
  }

  const byKey = (file: string): readonly string[] => ['-i', file, ...server.sshOptions.slice(2)];

  /** A session with a file open for writing, and an upload on its way: of 3 MB a second. */
  async function uploading(
    name: string,
    options: readonly string[] = server.sshOptions,
    environment: Readonly<Record<string, string>> = {},
    source = 'large',
  ): Promise<LiveSftp> {
    const session = liveSftp(server, name, ['-l', '24000', ...options], environment);
    session.type(`-put ${source} large`);
    const file = join(server.home(name), 'large');
    await awaited(
      () => `the first bytes of ${file}`,
      () => existsSync(file) && statSync(file).size > 0,
    );
    return session;
  }

  describe('what the operator changes acts within a second on a session that uploads (A3)', () => {
    const ends = {
      locked: {
        change: (name: string) => operator('user', 'lock', name),
        sentence: 'this account is locked',
      },
      expired: {
        change: (name: string) => operator('user', 'set', name, '--expires', '2020-01-01'),
        sentence: 'this account has expired',
      },
      removed: {
        change: (name: string) => operator('user', 'remove', name, '--yes'),
        sentence: 'this account was removed',
      },
      rehoused: {
        change: (name: string) => operator('user', 'set', name, '--home', `homes/${name}-new`),
        sentence: 'the home of this account was changed',
      },
    } as const;

    it.each(Object.entries(ends))(
      '%s: the session ends, with a sentence',
      async (name, { change, sentence }) => {
        await server.addAccount(name);
        const session = await uploading(name);
        await change(name);
        const { status, stderr } = await session.ended;
        await expectEnded(name, sentence);
        expect(stderr).toContain(sentence);
        expect(status).not.toBe(0);
        await expectStill(name);
      },
    );

    it('a key taken away: the sessions by that key end, the others go on', async () => {
      const second = await newKey('second', 'ed25519');
      await server.addAccount('keyed', '--key', `${second}.pub`);
      const other = liveSftp(server, 'keyed', server.sshOptions);
      other.type('mkdir before');
      const session = await uploading('keyed', byKey(second));
      await operator('user', 'key', 'remove', 'keyed', 'second');
      expect((await session.ended).stderr).toContain('the key of this session was removed');
      await expectEnded('keyed', 'the key of this session was removed from its account');
      other.type('mkdir after');
      other.type('bye');
      expect((await other.ended).status).toBe(0);
      expect(existsSync(join(server.home('keyed'), 'after'))).toBe(true);
    });

    it('another password: the sessions by the old one end, those by key go on', async () => {
      await withPassword('worded', '--key', `${server.keyFile}.pub`);
      const other = liveSftp(server, 'worded', server.sshOptions);
      other.type('mkdir before');
      const { options, environment } = byPassword(server, secret);
      const session = await uploading('worded', options, environment);
      await must(server.plimsoll(['user', 'passwd', 'worded', '--password-stdin'], 'another secret\n'));
      expect((await session.ended).stderr).toContain('the password of this account was changed');
      await expectEnded('worded', 'the password of this account was changed: log in again');
      other.type('mkdir after');
      other.type('bye');
      expect((await other.ended).status).toBe(0);
      expect(existsSync(join(server.home('worded'), 'after'))).toBe(true);
      expect((await tryPassword('worded', secret)).stderr).toContain('Permission denied');
      expect((await tryPassword('worded', 'another secret')).status).toBe(0);
    });

    it('read-only: the handle that is open takes no more, and the session goes on', async () => {
      await server.addAccount('reader');
      const session = await uploading('reader', server.sshOptions, {}, 'medium');
      await operator('user', 'set', 'reader', '--read-only');
      await session.printed('this account may only read');
      const refused = await audited((line) => line.event === 'request.refused' && line.account === 'reader');
      expect(Date.parse(refused.time) - lastChange('reader')).toBeLessThan(1000);
      await expectStill('reader');
      // OpenSSH goes on sending to the end of the file, all for nothing.
      session.type('-mkdir refused');
      session.type('!echo that was it');
      await session.printed('\nthat was it');
      await operator('user', 'set', 'reader', '--no-read-only');
      // More than any change may take.
      await sleep(1000);
      session.type('mkdir allowed');
      session.type('bye');
      expect((await session.ended).status).toBe(0);
      expect(readdirSync(server.home('reader')).sort()).toEqual(['allowed', 'large']);
    });
  });

  describe('passwords', () => {
    it('let in who knows them, and nobody else; no log holds one (A4)', async () => {
      await withPassword('paula');
      expect(await tryPassword('paula', secret, 'put small')).toMatchObject({ status: 0 });
      expect(readFileSync(join(server.home('paula'), 'small'), 'utf8')).toBe('small');
      const wrong = await tryPassword('paula', 'wrong battery');
      const unknown = await tryPassword('nobody', 'wrong battery');
      expect(wrong.stderr).toContain('Permission denied');
      expect(unknown).toEqual({ ...wrong, stderr: wrong.stderr.replace('paula', 'nobody') });
      const { fingerprint, view } = await audited(
        (line) => line.event === 'login.succeeded' && line.account === 'paula',
      );
      expect([fingerprint, view]).toEqual([null, 'own']);
      // The client knows the answer before the audit has written it down.
      await audited((line) => line.event === 'login.failed' && line.user === 'nobody');
      expect(
        audit().flatMap(({ event, user, reason, method }) =>
          event === 'login.failed' && (user === 'paula' || user === 'nobody') ? [[user, method, reason]] : [],
        ),
      ).toEqual([
        ['paula', 'password', 'wrong password'],
        ['nobody', 'password', 'unknown user'],
      ]);
      for (const text of [server.log(), JSON.stringify(audit())]) expect(text).not.toMatch(/battery/);
    });

    it.each([
      ['locked', ['lock'], [], 'this account is locked'],
      ['expired', ['set'], ['--expires', '2020-01-01'], 'this account has expired'],
    ])(
      'of an account that is %s tell so only when they are right (A2)',
      async (state, verb, options, sentence) => {
        const name = `${state}-one`;
        await withPassword(name);
        await operator('user', ...verb, name, ...options);
        const wrong = await tryPassword(name, 'wrong battery');
        expect(wrong.stderr).toContain('Permission denied');
        expect(wrong.stderr).not.toContain(sentence);
        const right = await tryPassword(name, secret);
        expect(right.stderr).toContain(sentence);
        expect(right.status).not.toBe(0);
        expect(existsSync(server.home(name)) && readdirSync(server.home(name))).toEqual([]);
      },
    );

    it('are asked for six times and no more', async () => {
      await withPassword('sixfold');
      const { options, environment } = byPassword(server, 'wrong battery');
      const more = ['-o', 'NumberOfPasswordPrompts=10', ...options];
      const { stderr } = await liveSftp(server, 'sixfold', more, environment).ended;
      expect(stderr).toContain('too many login attempts');
      const tries = (): number =>
        audit().filter(({ event, user }) => event === 'login.failed' && user === 'sixfold').length;
      await expect.poll(tries).toBe(6);
    });
  });

  it.each([
    ['rsa', ['rsa', '-b', '3072'], ['-o', 'PubkeyAcceptedAlgorithms=rsa-sha2-512']],
    ['rsa-256', ['rsa', '-b', '2048'], ['-o', 'PubkeyAcceptedAlgorithms=rsa-sha2-256']],
    ['ecdsa-256', ['ecdsa', '-b', '256'], []],
    ['ecdsa-384', ['ecdsa', '-b', '384'], []],
    ['ecdsa-521', ['ecdsa', '-b', '521'], []],
  ])('a key of the kind %s logs in, and the audit names it', async (kind, type, options) => {
    const file = await newKey(`id-${kind}`, ...type);
    const name = `by-${kind}`;
    await operator('user', 'add', name, '--key', `${file}.pub`);
    const session = liveSftp(server, name, [...options, ...byKey(file)]);
    session.type('put small');
    session.type('bye');
    expect((await session.ended).status).toBe(0);
    expect(existsSync(join(server.home(name), 'small'))).toBe(true);
    const login = await audited((line) => line.event === 'login.succeeded' && line.account === name);
    const { stdout } = await must(run('ssh-keygen', ['-l', '-f', `${file}.pub`]));
    expect(stdout.split(' ')[1]).toBe(login.fingerprint);
  });

  it('RSA with SHA-1 is refused [RFC 8332 3]', async () => {
    const file = await newKey('id-sha1', 'rsa', '-b', '2048');
    await operator('user', 'add', 'sha1', '--key', `${file}.pub`);
    const { stderr } = await liveSftp(server, 'sha1', [
      ...['-o', 'PubkeyAcceptedAlgorithms=ssh-rsa'],
      ...byKey(file),
    ]).ended;
    expect(stderr).toContain('Permission denied');
  });

  describe('an admin', () => {
    it('sees all homes as NAME+admin, its own as NAME; nobody else sees more than their own', async () => {
      await server.addAccount('chief', '--role', 'admin');
      await server.addAccount('worker');
      mkdirSync(server.home('worker'), { recursive: true });
      writeFileSync(join(server.home('worker'), 'work'), 'work');

      const all = await must(
        server.sftp(
          'chief+admin',
          'pwd\nls -1 /\nls -1 /homes\nget /homes/worker/work got\nput small /homes/worker/given',
        ),
      );
      expect(all.stdout).toContain('Remote working directory: /\n');
      expect(all.stdout).toMatch(/^\/homes\/chief *$/m);
      expect(all.stdout).toMatch(/^\/homes\/worker *$/m);
      expect(readFileSync(inWork('got'), 'utf8')).toBe('work');
      expect(readFileSync(join(server.home('worker'), 'given'), 'utf8')).toBe('small');
      // Not out of them, either.
      expect((await server.sftp('chief+admin', 'ls /homes/worker/../../etc')).status).not.toBe(0);
      expect((await server.sftp('chief+admin', 'mkdir /homes/made')).status).not.toBe(0);

      expect((await server.sftp('chief', 'ls /homes')).status).not.toBe(0);
      expect((await server.sftp('worker', 'ls /homes')).status).not.toBe(0);
      const refused = await server.sftp('worker+admin', 'ls /homes');
      expect(refused.stderr).toContain('Permission denied');
      const unknown = await server.sftp('nobody+admin', 'ls /homes');
      expect(unknown.stderr).toBe(refused.stderr.replace('worker', 'nobody'));
      expect((await audited((line) => line.view === 'homes')).account).toBe('chief');
    });

    it('that is one no more sees nothing from that second on (A3)', async () => {
      await server.addAccount('fallen', '--role', 'admin');
      const session = liveSftp(server, 'fallen+admin', server.sshOptions);
      session.type('ls /homes');
      await session.printed('/homes/fallen');
      await operator('user', 'set', 'fallen', '--role', 'user');
      await expectEnded('fallen', 'the role of this account was changed');
      // Waiting for a command it does not notice that the connection is gone.
      session.type('ls /homes');
      expect((await session.ended).stderr).toContain('the role of this account was changed');
    });
  });

  it('anonymous and ftp come in without a password or with any, and may only read', async () => {
    const home = server.home('anonymous');
    await must(server.sftp('anonymous', 'pwd'));
    writeFileSync(join(home, 'public'), 'for all');
    for (const name of ['anonymous', 'ftp']) {
      await must(server.sftp(name, `get public ${name}.got`));
      expect(readFileSync(inWork(`${name}.got`), 'utf8')).toBe('for all');
      const { status, stderr } = await server.sftp(name, 'put small');
      expect(status).not.toBe(0);
      expect(stderr).toContain('this account may only read');
    }
    expect((await server.sftp('anonymous+admin', 'ls')).stderr).toContain('Permission denied');
    expect(readdirSync(home)).toEqual(['public']);
  });

  it('who cannot have their home is told so, in words that name no folder of the host (J2)', async () => {
    await server.addAccount('homeless');
    rmdirSync(server.home('homeless'));
    writeFileSync(server.home('homeless'), 'a file in the way');
    const { status, stderr } = await server.sftp('homeless', 'pwd');
    expect(status).not.toBe(0);
    expect(stderr).toContain('your home cannot be opened');
    expect(stderr).not.toContain(server.work);
    await awaited(
      () => 'the home in the log of the server',
      () => server.log().includes(`${server.home('homeless')}: `),
    );
  });

  /** The server's own times: what the client takes to notice is not the server's. */
  async function expectEnded(account: string, reason: string): Promise<void> {
    const closed = await audited(
      (line) =>
        line.event === 'connection.closed' &&
        line.account === account &&
        (line.reason ?? '').startsWith(reason),
    );
    expect(Date.parse(closed.time) - lastChange(account)).toBeLessThan(1000);
  }

  function lastChange(account: string): number {
    const changes = audit().filter((line) => line.event === 'account.changed' && line.account === account);
    return Date.parse(changes[changes.length - 1]?.time ?? '');
  }

  /** Nothing of the upload is written any more. */
  async function expectStill(name: string): Promise<void> {
    const file = join(server.home(name), 'large');
    const { size } = statSync(file);
    expect(size).toBeLessThan(large);
    await sleep(300);
    expect(statSync(file).size).toBe(size);
  }
});
