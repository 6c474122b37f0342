import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFlags } from '../../../src/wire/open-flags.js';
import { missing } from '../../interop/programs.js';
import type { WireClient } from '../../interop/wire-client.js';
import type { Asked } from '../../sftp/session-pair.js';
import { same, until } from './patience.js';
import { quotaSentence, troubles } from './player.js';
import { recovered } from './recovery.js';
import { Servers } from './servers.js';
import { usage } from './session.js';

const { write, create, truncate } = openFlags;
const line = { bytes: 100_000, files: 20 };

/** The process that owns the home of a test: the first one to open it. The other one asks it. */
const owner = 0;
const other = 1;

/** A home for each test, so that each knows the owner of its home. */
const tests = ['extend', 'extend-killed', 'drop-0', 'drop-1', 'drop-0-killed', 'drop-1-killed'] as const;
const more = ['over-0', 'over-1', 'over-0-killed', 'over-1-killed', 'name', 'name-killed'] as const;
const rest = ['refill', 'refill-killed', 'halves', 'halves-killed'] as const;
const accounts = [...tests, ...more, ...rest];
type Account = (typeof accounts)[number];

describe.skipIf(missing('ssh-keygen'))('two processes at one home [L3, L4, L6]', () => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await Servers.start(2, Object.fromEntries(accounts.map((account) => [account, line])));
  });
  afterAll(() => servers.stop());

  /** A session in each process; the first one's process owns the home. */
  async function both(account: Account): Promise<readonly [WireClient, WireClient]> {
    const first = await servers.connect(account, owner);
    await first.must({ kind: 'mkdir', path: 'made-by-the-owner', attrs: {} });
    return [first, await servers.connect(account, other)];
  }

  /** Both processes say that the home's usage is what the disk holds, now. */
  async function expectExact(account: Account, clients: readonly WireClient[]): Promise<void> {
    for (const client of clients) expect(await usage(client)).toEqual(servers.disk(account));
  }

  /** After the owner was killed and started anew: exact in both processes. */
  async function expectRecovered(account: Account): Promise<void> {
    await servers.restart(owner);
    for (const process of [other, owner]) await recovered(servers, account, process);
  }

  describe.each([false, true])('the owner is killed in the middle: %s', (killed) => {
    it('both extend one file, in turn and at once', async () => {
      const account = killed ? 'extend-killed' : 'extend';
      const clients = await both(account);
      const handles = [
        await clients[0].open('file', write | create),
        await clients[1].open('file', write | create),
      ] as const;
      for (let round = 0; round < 20; round++) {
        const which = round % 2 === 0 ? 0 : 1;
        await clients[which].write(handles[which], round * 1000, Buffer.alloc(1000, 'r'));
        await expectExact(account, clients);
      }
      // To more than the line, on both sides at once: each piece is written whole or refused.
      const offsets = Array.from({ length: 50 }, (_, index) => 20_000 + index * 2_000);
      const answers = clients.map((client, which) =>
        client.queue(16, offsets, async (offset) => {
          const data = Buffer.alloc(2_000, which === 0 ? 'a' : 'b');
          const status = await client.got('status', client.sendWrite(handles[which] ?? '', offset, data));
          if (status.code === 0 || quotaSentence.test(status.message)) return;
          if (!killed || !troubles.test(status.message)) throw new Error(status.message);
        }),
      );
      if (killed) {
        await clients[1].write(handles[1], 20_000, Buffer.alloc(2_000));
        const first = answers[0]?.catch(() => undefined);
        await servers.kill(owner);
        await first;
        await answers[1];
        // Whoever is left writes on, up to the last byte.
        await insist(clients[1], { kind: 'fsetstat', handle: handles[1], attrs: { size: line.bytes } });
      } else {
        await Promise.all(answers);
        await clients[0].must({ kind: 'fsetstat', handle: handles[0], attrs: { size: line.bytes } });
      }
      const beyond = await clients[1].got(
        'status',
        clients[1].sendWrite(handles[1], line.bytes, Buffer.alloc(1)),
      );
      expect(beyond.message).toMatch(quotaSentence);
      await clients[1].close(handles[1]);
      expect(servers.disk(account)).toEqual({ bytes: line.bytes, files: 2 });
      if (killed) await expectRecovered(account);
      else {
        await clients[0].close(handles[0]);
        await expectExact(account, clients);
      }
      for (const client of clients) client.end();
    });

    describe.each([owner, other])('process %i holds it open and writes on', (holder) => {
      const dies = killed && holder === owner;

      /** What is held has no name any more: it is paid until it is closed, by whoever is left. */
      async function expectPaid(
        account: Account,
        clients: Clients,
        handle: string,
        size: number,
      ): Promise<void> {
        const [holding, acting] = holder === owner ? clients : [clients[1], clients[0]];
        const disk = servers.disk(account);
        const paid = { bytes: disk.bytes + size, files: disk.files + 1 };
        for (const client of clients) expect(await usage(client)).toEqual(paid);
        await holding.write(handle, size, Buffer.alloc(1000));
        const grown = { bytes: paid.bytes + 1000, files: paid.files };
        for (const client of clients) expect(await usage(client)).toEqual(grown);
        if (killed) {
          await servers.kill(owner);
          if (!dies) {
            await until(
              () => usage(holding),
              (used) => same(used, grown),
              `${JSON.stringify(grown)} with the new owner`,
            );
            await insist(holding, { kind: 'fsetstat', handle, attrs: { size: size + 2000 } });
            expect(await usage(holding)).toEqual({ bytes: grown.bytes + 1000, files: grown.files });
            const over = line.bytes - disk.bytes + 1;
            const id = holding.send({ kind: 'fsetstat', handle, attrs: { size: over } });
            expect((await holding.got('status', id)).message).toMatch(quotaSentence);
            await holding.close(handle);
            expect(await usage(holding)).toEqual(servers.disk(account));
          }
          await expectRecovered(account);
        } else {
          const id = acting.send({
            kind: 'setstat',
            path: 'probe',
            attrs: { size: line.bytes - grown.bytes + 1 },
          });
          expect((await acting.got('status', id)).message).toMatch(quotaSentence);
          await holding.close(handle);
          await expectExact(account, clients);
        }
        for (const client of clients) client.end();
      }

      /** A file that one holds open, and an empty one to try to grow. */
      async function held(
        account: Account,
      ): Promise<{ clients: Clients; acting: WireClient; handle: string }> {
        const clients = await both(account);
        const [holding, acting] = holder === owner ? clients : [clients[1], clients[0]];
        const handle = await holding.open('held', write | create);
        await holding.write(handle, 0, Buffer.alloc(30_000, 'h'));
        await acting.close(await acting.open('probe', write | create));
        return { clients, acting, handle };
      }

      it('the other one removes it', async () => {
        const account: Account = `drop-${holder}${killed ? '-killed' : ''}` as Account;
        const { clients, acting, handle } = await held(account);
        await acting.must({ kind: 'remove', path: 'held' });
        await expectPaid(account, clients, handle, 30_000);
      });

      it('the other one renames over it', async () => {
        const account: Account = `over-${holder}${killed ? '-killed' : ''}` as Account;
        const { clients, acting, handle } = await held(account);
        const upload = await acting.open('upload', write | create);
        await acting.write(upload, 0, Buffer.alloc(40_000, 'n'));
        await acting.close(upload);
        await acting.must({ kind: 'posix-rename@openssh.com', from: 'upload', to: 'held' });
        await expectPaid(account, clients, handle, 30_000);
      });
    });

    it('both rename over one name', async () => {
      const account = killed ? 'name-killed' : 'name';
      const clients = await both(account);
      const upload = async (which: 0 | 1, round: number): Promise<void> => {
        const client = clients[which];
        const handle = await client.open(`temporary-${which}`, write | create | truncate);
        await client.write(handle, 0, Buffer.alloc(1000 * (which + 1) + round));
        await client.close(handle);
        await client.must({ kind: 'posix-rename@openssh.com', from: `temporary-${which}`, to: 'name' });
      };
      for (let round = 0; round < 20; round++) {
        const uploads = [upload(0, round), upload(1, round)];
        if (killed && round === 10) {
          await Promise.all([servers.kill(owner), Promise.allSettled(uploads)]);
          break;
        }
        await Promise.all(uploads);
        await expectExact(account, clients);
        expect(servers.disk(account).files).toBe(2);
      }
      if (killed) {
        await insist(clients[1], { kind: 'mkdir', path: 'after', attrs: {} });
        await until(
          () => usage(clients[1]),
          (used) => same(used, servers.disk(account)),
          'the new owner to be exact',
        );
        await expectRecovered(account);
      }
      for (const client of clients) client.end();
    });

    it('one file that fills the home is emptied and uploaded again by both', async () => {
      const account = killed ? 'refill-killed' : 'refill';
      const clients = await both(account);
      const first = await clients[0].open('full', write | create);
      await clients[0].write(first, 0, Buffer.alloc(line.bytes));
      await clients[0].close(first);
      for (let round = 0; round < 3; round++) {
        const mine = await clients[0].open('full', write | truncate);
        const other = await clients[1].open('full', write | truncate);
        const uploads = [
          again(clients[0], mine, ({ message }) => expect(message).toBe('')),
          // What the first one freed stays with its handle (L2): who writes where that has not been yet finds no room.
          again(clients[1], other, ({ code, message }) => {
            if (code !== 0) expect(message).toMatch(quotaSentence);
          }),
        ];
        if (killed && round === 1) {
          await Promise.all([servers.kill(owner), Promise.allSettled(uploads)]);
          await insist(clients[1], { kind: 'fsetstat', handle: other, attrs: { size: line.bytes } });
          await clients[1].close(other);
          await expectRecovered(account);
          break;
        }
        await Promise.all(uploads);
        await clients[0].close(mine);
        await clients[1].close(other);
        await expectExact(account, clients);
      }
      expect(servers.disk(account).bytes).toBe(line.bytes);
      for (const client of clients) client.end();
    });

    it('each empties its half of a full home and uploads it again, whoever else asks for room', async () => {
      const account = killed ? 'halves-killed' : 'halves';
      const clients = await both(account);
      const half = line.bytes / 2;
      for (const [which, client] of clients.entries()) {
        const handle = await client.open(`half-${which}`, write | create);
        await client.write(handle, 0, Buffer.alloc(half));
        await client.close(handle);
      }
      const handles = await Promise.all(
        clients.map((client, which) => client.open(`half-${which}`, write | truncate)),
      );
      // What TRUNC freed stays with the handles that freed it (L2).
      const thief = await servers.connect(account, other);
      const id = thief.sendWrite(await thief.open('thief', write | create), 0, Buffer.alloc(1));
      expect((await thief.got('status', id)).message).toMatch(quotaSentence);
      const pieces = Array.from({ length: 10 }, (_, index) => (index * half) / 10);
      const uploads = clients.map((client, which) =>
        client.queue(4, pieces, (offset) =>
          client.write(handles[which] ?? '', offset, Buffer.alloc(half / 10)),
        ),
      );
      if (killed) {
        await Promise.all([servers.kill(owner), Promise.allSettled(uploads)]);
        await insist(clients[1], { kind: 'fsetstat', handle: handles[1] ?? '', attrs: { size: half } });
        await clients[1].close(handles[1] ?? '');
        thief.end();
        await expectRecovered(account);
      } else {
        await Promise.all(uploads);
        await Promise.all(clients.map((client, which) => client.close(handles[which] ?? '')));
        thief.end();
        await until(
          () => usage(clients[0]),
          (used) => same(used, servers.disk(account)),
          'the thief to be noticed',
        );
        expect(servers.disk(account).bytes).toBe(line.bytes);
      }
      for (const client of clients) client.end();
    });
  });
});

type Clients = readonly [WireClient, WireClient];

/** Uploads a file as large as the home, in ten pieces. */
async function again(
  client: WireClient,
  handle: string,
  judge: (status: { readonly code: number; readonly message: string }) => void,
): Promise<void> {
  const length = line.bytes / 10;
  const offsets = Array.from({ length: 10 }, (_, index) => index * length);
  await client.queue(4, offsets, async (offset) => {
    judge(await client.got('status', client.sendWrite(handle, offset, Buffer.alloc(length))));
  });
}

/** Asks for what is answered by STATUS, again where the server asks for that: its owner was just killed. */
async function insist(client: WireClient, request: Asked): Promise<void> {
  await until(
    async () => {
      const status = await client.got('status', client.send(request));
      if (status.code !== 0 && !troubles.test(status.message)) throw new Error(status.message);
      return status;
    },
    ({ code }) => code === 0,
    JSON.stringify(request),
  );
}
