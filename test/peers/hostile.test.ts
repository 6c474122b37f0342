import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mostUnsent } from '../../src/peers/socket-link.js';
import { openPeers } from '../../src/peers/socket-peers.js';
import type { Peers } from '../../src/quota/peers.js';

let folder: string;
let peers: Peers;
let asked: unknown[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-peers-'));
  peers = await openPeers({ folder, patience: 200 });
  asked = [];
  peers.answer((_, __, argument) => {
    asked.push(argument);
    return Promise.resolve(argument);
  });
});
afterEach(() => peers.close());

function frame(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

const message = (fields: object): Buffer => frame(JSON.stringify(fields));
const hello = message({ kind: 'hello', name: '0123456789ab' });
const question = (id: number, argument: unknown): Buffer =>
  message({ kind: 'question', id, question: 'q', argument });

function raw(): Socket {
  const socket = connect(join(folder, `${peers.self}.sock`));
  socket.on('error', () => undefined);
  return socket;
}

const garbled: Readonly<Record<string, Buffer>> = {
  'a length above the longest': Buffer.from([0x00, 0x10, 0x00, 0x01]),
  'the largest length': Buffer.from([0xff, 0xff, 0xff, 0xff]),
  'an empty message': frame(''),
  'no JSON': frame('{'),
  'no UTF-8': frame(Buffer.from([0x22, 0xff, 0x22, 0x00])),
  'deep JSON': frame('['.repeat(2 ** 20)),
  'deep and whole JSON': frame('['.repeat(2 ** 19) + ']'.repeat(2 ** 19)),
  null: frame('null'),
  'a number': frame('1'),
  'no kind': message({}),
  'a kind of the prototype': message({ kind: 'constructor' }),
  'a second hello': hello,
  'a question without id': message({ kind: 'question', question: 'q' }),
  'a question of no name': message({ kind: 'question', id: 1, question: 1 }),
  'an id that is no number': message({ kind: 'question', id: '1', question: 'q' }),
  'a reply to nothing': message({ kind: 'reply', id: 1, value: 1 }),
  'a reply to question 0': message({ kind: 'reply', id: 0, value: 1 }),
  'a fault of no code': message({ kind: 'fault', id: 1, code: 'toString', message: '' }),
  'a fault without text': message({ kind: 'fault', id: 1, code: 'busy' }),
  HTTP: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
};

it.each(Object.entries(garbled))('ends a channel that sends %s, and answers others', async (_, bytes) => {
  const socket = raw().resume();
  socket.write(Buffer.concat([hello, bytes, question(9, 'behind it')]));
  await once(socket, 'close');
  const other = await openPeers({ folder });
  expect(await (await other.connect(peers.self)).ask('echo', 1)).toBe(1);
  expect(asked).toEqual([1]);
  await other.close();
});

it.each([
  ['a question', question(1, 'x')],
  ['a name that is a path', message({ kind: 'hello', name: '../456789ab' })],
  ['a name that is no text', message({ kind: 'hello', name: ['0123456789ab'] })],
  ['nothing for too long', Buffer.alloc(0)],
])('leaves whoever begins with %s', async (_, bytes) => {
  const socket = raw().resume();
  socket.write(Buffer.concat([bytes, question(2, 'y')].slice(0, bytes.length === 0 ? 1 : 2)));
  await once(socket, 'close');
  expect(asked).toEqual([]);
});

it('understands messages that come byte by byte, and many that come as one chunk', async () => {
  const socket = raw().setNoDelay();
  const replies: Buffer[] = [];
  socket.on('data', (chunk) => replies.push(chunk));
  for (const byte of Buffer.concat([hello, question(1, 'slow')])) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.write(Buffer.concat(Array.from({ length: 2000 }, (_, at) => question(at + 2, at))));
  socket.end();
  await once(socket, 'close');
  expect(asked).toEqual(['slow', ...Array.from({ length: 2000 }, (_, at) => at)]);
});

it('leaves whoever asks and does not read, before its memory is full', async () => {
  const left = new Promise((resolve) =>
    peers.answer((channel) => {
      void channel.gone.then(resolve);
      return Promise.resolve('x'.repeat(2 ** 20 - 100));
    }),
  );
  const socket = raw();
  socket.write(hello);
  // A little of it is in the kernel's hands.
  for (let id = 1; id <= mostUnsent / 2 ** 20 + 4; id++) socket.write(question(id, null));
  await left;
  socket.destroy();
  const other = await openPeers({ folder });
  expect(await (await other.connect(peers.self)).ask('echo', 1)).toHaveLength(2 ** 20 - 100);
  await other.close();
});
