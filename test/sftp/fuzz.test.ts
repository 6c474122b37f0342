import { randomInt } from 'node:crypto';
import { afterAll, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { HashPool } from '../../src/hash/hash-pool.js';
import { BlockPool } from '../../src/sftp/block-pool.js';
import { Gate } from '../../src/channel/gate.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { scale } from '../scale.js';
import { anyStream, Chance, expected } from './fuzzed-stream.js';
import { place } from './requests/asking.js';
import { recorded, type Recorded } from './recorded-channel.js';
import { StrictBudget } from './strict-budget.js';
import { turns } from './turns.js';
import { watchedVfs, type WatchedVfs } from './watched-vfs.js';

const hashes = new HashPool();
const blocks = new BlockPool(4 << 20);
afterAll(() => hashes.close());

const unhandled: unknown[] = [];
const noted = (cause: unknown): void => void unhandled.push(cause);
process.on('unhandledRejection', noted);
afterAll(() => process.off('unhandledRejection', noted));

/** Milliseconds after which something that should have happened never will. */
const patience = 20_000;

/** A disk that is slow now and then, that fails now and then, and gives up reading at some time. */
async function anyDisk(chance: Chance): Promise<WatchedVfs> {
  const inner = memoryVfs();
  await place(inner, '/a', Buffer.alloc(70_000, 'a'));
  await place(inner, '/b', 'b');
  await inner.mkdir('/d', 0o755);
  const [slow, failing] = [chance.of([0, 0.2, 0.9]), chance.of([0, 0, 0.05])];
  let reads = 0;
  return watchedVfs({
    inner,
    before: (call) => {
      // A file of 2^50 bytes is made by one flipped bit, and hashed by the next.
      if (call === 'read' && ++reads > 400) return Promise.reject(new Fault('failure', 'too much to read'));
      if (chance.happens(failing) && call !== 'close')
        return Promise.reject(new Fault('failure', 'a bad sector'));
      return chance.happens(slow) ? turns(1 + chance.below(3)) : undefined;
    },
  });
}

interface Client {
  readonly session: Recorded;
  readonly stream: Buffer;
  /** Where the client cuts the connection; beyond the stream where it does not. */
  readonly cutAt: number;
  /** It takes no reply before everybody else is done. */
  readonly deaf: boolean;
  at: number;
  ended: boolean;
}

/** Something that one of the clients does next. */
function step(chance: Chance, client: Client): void {
  const { session, stream, cutAt } = client;
  if (!client.deaf && chance.happens(0.6)) session.sent(chance.below(session.unsent() + 1));
  if (client.ended) return;
  if (client.at >= cutAt) {
    client.ended = true;
    session.sink.closed();
  } else if (client.at >= stream.length) {
    client.ended = true;
    session.sink.end();
  } else {
    const chunk = stream.subarray(client.at, client.at + chance.of([1, 3, 13, 200, 5000, 32_768]));
    client.at += chunk.length;
    session.sink.data(Buffer.from(chunk));
  }
}

async function finished(client: Client): Promise<boolean> {
  const { session } = client;
  const giveUp = performance.now() + patience;
  while (performance.now() < giveUp) {
    if (session.exitStatus() !== null || session.hasEnded()) return true;
    if (!client.deaf) session.sent();
    await turns();
  }
  return false;
}

async function converse(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const disk = await anyDisk(chance);
  const limits = { output: chance.of([3000, 40_000, 1 << 20]), input: chance.of([1000, 50_000, 1 << 20]) };
  const shared = {
    output: new StrictBudget(limits.output),
    input: new StrictBudget(limits.input),
    gate: new Gate(2),
    ...{ vfs: disk.vfs, hashes, blocks, maxHandles: chance.of([4, 256]) },
    status: () => Promise.reject(new Fault('busy')),
  };
  const clients = Array.from({ length: 1 + chance.below(3) }, (_, index): Client => {
    const stream = anyStream(chance);
    return {
      session: recorded(shared),
      stream,
      cutAt: chance.happens(0.3) ? chance.below(stream.length + 1) : Infinity,
      deaf: index > 0 && chance.happens(0.2),
      at: 0,
      ended: false,
    };
  });

  while (clients.some(({ ended }) => !ended)) {
    step(chance, chance.of(clients));
    if (chance.happens(0.2)) await turns();
    // What there is over the limit: one reply for each session, and a whole packet.
    expect(shared.output.taken).toBeLessThanOrEqual(limits.output + clients.length * 600_000);
  }
  for (const client of [...clients].sort((a, b) => Number(a.deaf) - Number(b.deaf))) {
    const { session, stream, cutAt } = client;
    const cut = cutAt !== Infinity;
    const { ids, violated } = expected(cut ? stream.subarray(0, client.at) : stream);
    if (client.deaf) Object.assign(client, { deaf: false });
    expect(await finished(client), 'the session comes to an end').toBe(true);
    if (cut) {
      expect(session.ids).toEqual(ids.slice(0, session.ids.length));
    } else {
      expect(session.ids).toEqual(ids);
      expect(session.exitStatus()).toBe(violated ? 1 : 0);
      if (violated) expect(session.stderr.at(-1)).not.toBe('');
      session.sink.closed();
    }
    expect(session.failures, 'no mistakes of ours').toEqual([]);
  }
  for (const { session } of clients) await session.ended;
  expect([shared.output.taken, shared.input.taken], 'both budgets').toEqual([0, 0]);
  expect(disk.open.size, 'files left open').toBe(0);
  expect(unhandled, 'unhandled rejections').toEqual([]);
}

const chosen = process.env['FUZZ_SEED'];
const seeds =
  chosen === undefined
    ? Array.from({ length: scale('fuzzedStreams') }, () => randomInt(2 ** 32))
    : [Number(chosen)];

it(
  `any stream of packets is answered in order, or ends its session with a sentence, and costs nothing after`,
  {
    timeout: 600_000,
  },
  async () => {
    for (const seed of seeds) {
      try {
        await converse(seed);
      } catch (thrown) {
        throw new Error(`FUZZ_SEED=${seed} fails again: ${String(thrown)}`, { cause: thrown });
      }
    }
  },
);
