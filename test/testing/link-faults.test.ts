import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { TestClient } from './client.js';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const megabyte = Buffer.alloc(1_000_000, 'm');

describe('the link of a test server', () => {
  it('is cut in the middle of an upload, which can be tried again', async () => {
    const client = await TestClient.login(server);
    server.faults.cutAfter(300_000, { direction: 'up' });
    await expect(client.write('/up.bin', megabyte)).rejects.toThrow();
    expect((await client.closed)?.code).toBe('ECONNRESET');
    expect((await server.read('/up.bin')).length).toBeLessThan(300_000);
    const again = await TestClient.login(server);
    await again.write('/up.bin', megabyte);
    expect((await server.read('/up.bin')).equals(megabyte)).toBe(true);
  });

  it('is cut in the middle of a download', async () => {
    await server.write('/down.bin', megabyte);
    const client = await TestClient.login(server);
    server.faults.cutAfter(300_000, { direction: 'down' });
    await expect(client.read('/down.bin')).rejects.toThrow();
    // Whoever reads slowly may be told of an end instead of a reset.
    await client.closed;
    const again = await TestClient.login(server);
    expect((await again.read('/down.bin')).equals(megabyte)).toBe(true);
  });

  it('is cut before anybody has logged in', async () => {
    server.faults.cutAfter(500);
    await expect(TestClient.login(server)).rejects.toThrow();
    await (await TestClient.login(server)).leave();
  });

  it('is cut at once, in every connection', async () => {
    const clients = await Promise.all([TestClient.login(server), TestClient.login(server)]);
    server.faults.cut();
    const errors = await Promise.all(clients.map(({ closed }) => closed));
    expect(errors.map((error) => error?.code)).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  it('stalls, and goes on where it was', async () => {
    const client = await TestClient.login(server);
    server.faults.stall({ afterBytes: 100_000 });
    const writing = client.write('/slow.bin', megabyte);
    let over = false;
    void writing.then(() => (over = true));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    server.faults.resume();
    await writing;
    expect((await server.read('/slow.bin')).equals(megabyte)).toBe(true);
  });

  it('stalls for a client that gives up, and its next try finds it well', async () => {
    server.faults.stall();
    await expect(TestClient.login(server, { readyTimeout: 100 })).rejects.toThrow(/timed out/i);
    server.faults.clear();
    await (await TestClient.login(server)).leave();
  });

  it('is slow by so much, and fast again after clear()', async () => {
    const client = await TestClient.login(server);
    const began = performance.now();
    server.faults.slow({ latency: 40 });
    await client.ask((sftp, done) => sftp.stat('/', done));
    expect(performance.now() - began).toBeGreaterThan(75);
    server.faults.slow({ latency: 0, bytesPerSecond: 1_000_000 });
    const slow = performance.now();
    await client.write('/r.bin', megabyte.subarray(0, 200_000));
    expect(performance.now() - slow).toBeGreaterThan(120);
    server.faults.slow({ bytesPerSecond: 1 });
    server.faults.clear();
    await client.write('/r.bin', megabyte);
    expect((await server.read('/r.bin')).length).toBe(megabyte.length);
  });

  it('that nothing passes does not keep the server from closing', async () => {
    const client = await TestClient.login(server);
    server.faults.stall();
    const asking = client.refusal((sftp, done) => sftp.stat('/', done));
    await server.close();
    expect(await asking).not.toBeNull();
  });
});

describe('logins of a test server', () => {
  it('are refused on so many connections, whatever they try there', async () => {
    server.faults.refuseLogins({ times: 2 });
    for (let time = 0; time < 2; time++) {
      await expect(TestClient.login(server)).rejects.toThrow(/authentication/i);
    }
    await (await TestClient.login(server)).leave();
  });

  it('are refused until clear(), and who is in stays in', async () => {
    const before = await TestClient.login(server);
    server.faults.refuseLogins();
    for (let time = 0; time < 3; time++) await expect(TestClient.login(server)).rejects.toThrow();
    await before.write('/in.txt', 'still here');
    server.faults.clear();
    await (await TestClient.login(server)).leave();
  });

  it('by key are refused too', async () => {
    const { private: privateKey, public: line } = ssh2.utils.generateKeyPairSync('ed25519');
    const other = await startTestServer({ accounts: { bob: { keys: [line] } } });
    const as = { username: 'bob', privateKey };
    other.faults.refuseLogins({ times: 1 });
    await expect(TestClient.login(other, { ...as, password: '' })).rejects.toThrow();
    await (await TestClient.login(other, as)).leave();
    await other.close();
  });
});
