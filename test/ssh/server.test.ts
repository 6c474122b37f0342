import { afterEach, expect, test } from 'vitest';
import { message } from '../../src/ssh/messages.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

let server: TestServer | null = null;
afterEach(() => server?.close());

test('a client logs in and its bytes come back', async () => {
  server = await startServer();
  const client = await RawClient.loggedIn(server.port);
  const channel = await client.sftp();
  client.data(channel, Buffer.from('hello'));
  const data = await client.next(message.channelData);
  data.u32();
  expect(data.string(100).toString()).toBe('hello');
  expect(client.negotiated.sc.cipher).toBe('aes128-gcm@openssh.com');
});
