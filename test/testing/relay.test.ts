import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, Server, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Timers } from '../../src/ssh/timers.js';
import { Link } from '../../src/testing/link.js';
import { Relay } from '../../src/testing/relay.js';

/** A clock that goes when it is told to. */
class Clock implements Timers {
  #now = 0;
  readonly #due: { at: number; readonly run: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  after(milliseconds: number, run: () => void): () => void {
    const one = { at: this.#now + milliseconds, run };
    this.#due.push(one);
    return () => {
      if (this.#due.includes(one)) this.#due.splice(this.#due.indexOf(one), 1);
    };
  }
  get waiting(): number {
    return this.#due.length;
  }
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#due].sort((one, other) => one.at - other.at)[0];
      if (!next || next.at > end) break;
      this.#due.splice(this.#due.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }
}

interface End {
  readonly socket: Socket;
  /** Everything that has arrived. */
  readonly got: () => Buffer;
  readonly error: () => string | undefined;
  /** Resolves once so many bytes have arrived. */
  has(bytes: number): Promise<void>;
  readonly closed: Promise<unknown>;
}

function end(socket: Socket): End {
  const chunks: Buffer[] = [];
  let error: NodeJS.ErrnoException | undefined;
  let wake = (): void => undefined;
  const got = (): Buffer => Buffer.concat(chunks);
  let length = 0;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    wake();
  });
  socket.on('error', (thrown) => (error = thrown));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  return {
    socket,
    got,
    error: () => error?.code,
    closed,
    has: async (bytes) => {
      while (length < bytes) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

class Bed {
  readonly link = new Link();
  readonly clock = new Clock();
  readonly relay: Relay;
  readonly #server: Server;
  readonly #arrived: Socket[] = [];
  readonly #ends: Socket[] = [];
  port = 0;

  constructor(real = true) {
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined);
      this.#arrived.push(socket);
      this.#ends.push(socket);
      this.#server.emit('arrived');
    });
    this.relay = new Relay({
      link: this.link,
      target: () => (this.#server.address() as AddressInfo).port,
      ...(!real && { timers: this.clock }),
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = await this.relay.listen();
    return this;
  }

  dial(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    this.#ends.push(socket);
    return socket;
  }

  async arrived(): Promise<Socket> {
    while (this.#arrived.length === 0) await once(this.#server, 'arrived');
    return this.#arrived.shift() as Socket;
  }

  async pair(): Promise<{ client: End; server: End }> {
    const client = end(this.dial());
    const server = end(await this.arrived());
    server.socket.resume();
    return { client, server };
  }

  async stop(): Promise<void> {
    await this.relay.close(0);
    for (const socket of this.#ends) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Long enough for bytes on the loopback to be where they can get to. */
async function turns(count = 20): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

/** How many files and sockets the process holds. */
const descriptors = (): number => readdirSync('/proc/self/fd').length;

let bed: Bed | null = null;
async function started(real?: boolean): Promise<Bed> {
  bed = await new Bed(real).start();
  return bed;
}
afterEach(async () => {
  await bed?.stop();
  bed = null;
});

describe('a relay without faults', () => {
  it('lets bytes through unchanged, both ways, and each end on its own', async () => {
    const { client, server } = await (await started()).pair();
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    client.socket.end(sent);
    await once(server.socket, 'end');
    expect(server.got().equals(sent)).toBe(true);
    server.socket.end('and back');
    await client.closed;
    expect(client.got().toString()).toBe('and back');
    expect(client.error()).toBeUndefined();
  });

  it('passes a reset on', async () => {
    const { client, server } = await (await started()).pair();
    client.socket.write('x');
    await server.has(1);
    server.socket.resetAndDestroy();
    await client.closed;
    expect(client.error()).toBe('ECONNRESET');
    expect(bed?.relay.connections).toBe(0);
  });

  it('resets who comes while nobody is behind it', async () => {
    const relay = new Relay({ link: new Link(), target: () => Promise.reject(new Error('not there')) });
    const client = end(connect({ port: await relay.listen(), host: '127.0.0.1' }));
    await client.closed;
    expect(client.error()).toBe('ECONNRESET');
    await relay.close(0);
  });

  it('holds a bounded part of what nobody reads, and all of it arrives', async () => {
    const { link } = await started();
    link.stall();
    const client = end((bed as Bed).dial());
    const server = await (bed as Bed).arrived();
    const sent = Buffer.alloc(32 * 2 ** 20, 'z');
    client.socket.write(sent);
    await turns(500);
    // What it took, and what the kernel has between the two.
    expect(client.socket.bytesWritten - client.socket.writableLength).toBeLessThan(sent.length / 2);
    const at = end(server);
    server.resume();
    link.resume();
    await at.has(sent.length);
    expect(at.got().equals(sent)).toBe(true);
  });

  it('goes on where a connection cannot be accepted: the process does not end of it', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    const relay = new Relay({ link: new Link(), target: () => Promise.reject(new Error('not there')) });
    const port = await relay.listen();
    const [listener] = listen.mock.contexts as Server[];
    listen.mockRestore();
    for (let time = 0; time < 2; time++) listener?.emit('error', new Error('accept EMFILE'));
    await end(connect({ port, host: '127.0.0.1' })).closed;
    await relay.close(0);
    expect(listener?.listening).toBe(false);
  });

  it('has nothing left once it is closed', async () => {
    const { client } = await (await started()).pair();
    await (bed as Bed).relay.close(0);
    await client.closed;
    expect((bed as Bed).relay.connections).toBe(0);
  });
});

describe('a cut', () => {
  it.each([
    ['up', 'both', 70_000],
    ['up', 'up', 1],
    ['down', 'down', 65_536],
    ['down', 'both', 100_000],
  ] as const)(
    'resets behind the last byte that passes: %s, counted %s, %i',
    async (way, direction, bytes) => {
      const { client, server } = await (await started()).pair();
      (bed as Bed).link.cutAfter(bytes, { direction });
      const [from, to] = way === 'up' ? [client, server] : [server, client];
      // Whoever reads slowly may be told of an end instead of a reset.
      to.socket.on('end', () => to.socket.destroy());
      from.socket.write(Buffer.alloc(200_000));
      await Promise.all([client.closed, server.closed]);
      expect(to.got().length).toBe(bytes);
      expect(from.error()).toMatch(/ECONNRESET|EPIPE/);
    },
  );

  it('does not count the other direction', async () => {
    const { client, server } = await (await started()).pair();
    (bed as Bed).link.cutAfter(10, { direction: 'down' });
    client.socket.write(Buffer.alloc(1000));
    await server.has(1000);
    server.socket.write(Buffer.alloc(11));
    await client.closed;
    expect(client.got().length).toBe(10);
  });

  it('with 0 comes before the next byte, and only once', async () => {
    const { client, server } = await (await started()).pair();
    (bed as Bed).link.cutAfter(0);
    client.socket.write('x');
    await Promise.all([client.closed, server.closed]);
    expect(server.got().length).toBe(0);
    const next = await (bed as Bed).pair();
    next.client.socket.write('through');
    await next.server.has(7);
  });

  it('counts over all connections, and resets the one in which it comes', async () => {
    const first = await (await started()).pair();
    const second = await (bed as Bed).pair();
    (bed as Bed).link.cutAfter(8);
    first.client.socket.write('12345');
    await first.server.has(5);
    second.client.socket.write('12345');
    await second.client.closed;
    expect(second.server.got().toString()).toBe('123');
    first.client.socket.write('67');
    await first.server.has(7);
    expect((bed as Bed).relay.connections).toBe(1);
  });

  it('of everything resets every connection that is there', async () => {
    const pairs = [await (await started()).pair(), await (bed as Bed).pair()];
    (bed as Bed).relay.cut();
    await Promise.all(pairs.map(({ client }) => client.closed));
    expect(pairs.map(({ client }) => client.error())).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  it('closes a connection that is just ending, which libuv refuses to reset', async () => {
    const before = descriptors();
    const { client, server } = await (await started()).pair();
    (bed as Bed).link.stall();
    server.socket.end('the last');
    await turns();
    (bed as Bed).link.resume();
    (bed as Bed).relay.cut();
    await Promise.all([client.closed, server.closed]);
    await (bed as Bed).stop();
    bed = null;
    await turns();
    expect(descriptors()).toBe(before);
  });

  it('that was called off does not come', async () => {
    const { client, server } = await (await started()).pair();
    (bed as Bed).link.cutAfter(3);
    (bed as Bed).link.clear();
    client.socket.write('12345');
    await server.has(5);
  });
});

describe('a stall', () => {
  it('holds everything back, the end too, until it is over', async () => {
    const { client, server } = await (await started()).pair();
    (bed as Bed).link.stall({ afterBytes: 4 });
    client.socket.end('123456');
    await server.has(4);
    await turns();
    expect(server.got().toString()).toBe('1234');
    expect(server.socket.readableEnded).toBe(false);
    (bed as Bed).link.resume();
    await once(server.socket, 'end');
    expect(server.got().toString()).toBe('123456');
  });

  it('takes new connections in, and lets nothing through', async () => {
    (await started()).link.stall();
    const { client, server } = await (bed as Bed).pair();
    client.socket.write('up');
    server.socket.write('down');
    await turns();
    expect([client.got().length, server.got().length]).toEqual([0, 0]);
    (bed as Bed).link.clear();
    await Promise.all([server.has(2), client.has(4)]);
  });
});

describe('a slow link', () => {
  it('gives each second its bytes and no more', async () => {
    const { link, clock } = await started(false);
    link.slow({ bytesPerSecond: 1000 });
    const { client, server } = await (bed as Bed).pair();
    client.socket.write(Buffer.alloc(5000));
    await server.has(20);
    for (const seconds of [1, 2, 3]) {
      clock.pass(1000);
      await turns();
      // A piece ahead, and what it may make up for.
      expect(Math.abs(server.got().length - seconds * 1000)).toBeLessThanOrEqual(100);
    }
    clock.pass(10_000);
    await server.has(5000);
  });

  it('can trickle a byte at a time', async () => {
    const { link, clock } = await started(false);
    link.slow({ bytesPerSecond: 1 });
    const { client, server } = await (bed as Bed).pair();
    client.socket.write('abc');
    await server.has(1);
    await turns();
    expect(server.got().toString()).toBe('a');
    clock.pass(1000);
    await server.has(2);
    clock.pass(1000);
    await server.has(3);
  });

  it('does not wait for what a slower one has asked for', async () => {
    const { link, clock } = await started(false);
    link.slow({ bytesPerSecond: 0.001 });
    const { client, server } = await (bed as Bed).pair();
    client.socket.write('abc');
    await server.has(1);
    link.slow({ bytesPerSecond: 1000 });
    clock.pass(100);
    await server.has(3);
  });

  it('keeps each byte for its latency, and the next ones not after each other', async () => {
    const { link, clock } = await started(false);
    link.slow({ latency: 100 });
    const { client, server } = await (bed as Bed).pair();
    client.socket.write('one');
    while (clock.waiting === 0) await turn();
    clock.pass(60);
    client.socket.write('two');
    await turns();
    clock.pass(39);
    await turns();
    expect(server.got().toString()).toBe('');
    clock.pass(1);
    await server.has(3);
    await turns();
    expect(server.got().toString()).toBe('one');
    clock.pass(60);
    await server.has(6);
  });

  it('is as fast as ever once it is cleared, for what waits too', async () => {
    const { link } = await started(false);
    link.slow({ bytesPerSecond: 1, latency: 1_000_000 });
    const { client, server } = await (bed as Bed).pair();
    client.socket.write('waits');
    await turns();
    link.clear();
    await server.has(5);
  });
});

describe('options of the link', () => {
  it.each([
    [(link: Link) => link.cutAfter(-1), 'bytes is a whole number from 0 on, not -1'],
    [(link: Link) => link.cutAfter(1.5), 'not 1.5'],
    [(link: Link) => link.stall({ afterBytes: NaN }), 'afterBytes is a whole number'],
    [(link: Link) => link.slow({ bytesPerSecond: 0 }), 'bytesPerSecond is a number above 0, not 0'],
    [(link: Link) => link.slow({ latency: -1 }), 'latency is a number from 0 on'],
    [(link: Link) => link.slow({ latency: '5' as never }), "not '5'"],
    [(link: Link) => link.cutAfter(1, { direction: 'sideways' as never }), "no direction 'sideways'"],
    [(link: Link) => link.cutAfter(1, 'up' as never), 'cutAfter: the options must be an object'],
    [(link: Link) => link.cutAfter(1, { dir: 'up' } as never), "cutAfter: there is no option 'dir'"],
    [(link: Link) => link.slow(undefined as never), 'slow: the options must be an object'],
    [(link: Link) => link.slow({ rate: 5 } as never), "slow: there is no option 'rate'"],
    [(link: Link) => link.stall(1000 as never), 'stall: the options must be an object'],
    [(link: Link) => link.stall({ after: 5 } as never), "stall: there is no option 'after'"],
  ])('are checked: %#', (wrong, sentence) => {
    const link = new Link();
    expect(() => wrong(link)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        message: expect.stringContaining(sentence) as string,
      }) as Error,
    );
    expect([link.bytesPerSecond, link.latency, link.allowance('up')]).toEqual([Infinity, 0, Infinity]);
  });
});
