import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.js';
import { startServer, type TestServer } from '../interop/server.js';
import { faultOf, keyFrom, login, options } from './connecting.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

describe.skipIf(withoutSshd())("connect, to OpenSSH's server", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  it('logs in with a key, and ends in order', async () => {
    const connection = await connect(options(sshd, login(sshd.user, { keys: [keyFrom(sshd.keyFile)] })));
    expect(connection.loginMethod).toBe('publickey');
    expect(connection.remote.facts.ident).toMatch(/^SSH-2\.0-OpenSSH_/);
    expect(await connection.remote.realpath('.')).toBe(sshd.folder);
    await connection.end();
    expect(await connection.closed).toBeNull();
    expect(await faultOf(connection.remote.realpath('.'))).toMatchObject({ code: 'no-connection' });
  });

  it('says what was tried where nothing was granted', async () => {
    const fault = await faultOf(connect(options(sshd, login(sshd.user))));
    expect(fault).toMatchObject({ code: 'login-refused' });
    expect(fault.message).toMatch(
      new RegExp(`^login refused for ${sshd.user}: nothing to try; the server takes publickey, password`),
    );
  });

  it('notices that the server is gone', async () => {
    const connection = await connect(options(sshd, login(sshd.user, { keys: [keyFrom(sshd.keyFile)] })));
    sshd.drop();
    expect(await connection.closed).toMatchObject({ code: 'no-connection' });
  });
});

describe('connect, to ours', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('logs in', async () => {
    const connection = await connect(options(server, login('alice', { keys: [keyFrom(server.keyFile)] })));
    expect(await connection.remote.realpath('.')).toBe('/');
    await connection.end();
    expect(await connection.closed).toBeNull();
  });
});
