import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { withPorts } from '../../src/supervise/ports.js';

it('picks another port for each address without one, which can be listened on then', async () => {
  const picked = await withPorts(['127.0.0.1:0', '127.0.0.1:2222', '127.0.0.1:0']);
  expect(picked[1]).toBe('127.0.0.1:2222');
  const ports = picked.map((text) => Number(/^127\.0\.0\.1:(\d+)$/.exec(text)?.[1]));
  expect(new Set(ports).size).toBe(3);
  for (const port of [ports[0], ports[2]]) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
});

it('says which address is none of this machine', async () => {
  await expect(withPorts(['203.0.113.7:0'])).rejects.toMatchObject({
    code: 'invalid',
    message: '203.0.113.7 is not an address of this machine',
  });
});
