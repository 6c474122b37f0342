import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/client/engine.js';
import type { RemoteHandle } from '../../src/client/remote.js';
import { Fault } from '../../src/fault.js';
import { scale } from '../scale.js';

const never = new AbortController().signal;

/** What a server may do with each request: answer when it likes, with fewer bytes, or refuse. */
interface Moods {
  /** How many turns of the event loop each answer takes, in rotation. */
  readonly turns: readonly number[];
  /** Bytes of an answer to READ at most, in rotation. */
  readonly most: readonly number[];
  /** The request, counted from 0, that is refused. */
  readonly refused: number | null;
}

/** A file of a server with moods. */
class MoodyFile implements RemoteHandle {
  readonly #moods: Moods;
  content: Buffer;
  asked = 0;
  under = 0;
  bytesUnder = 0;
  mostUnder = 0;

  constructor(content: Buffer, moods: Moods) {
    this.content = content;
    this.#moods = moods;
  }

  read(offset: number, length: number): Promise<readonly Buffer[] | null> {
    return this.#answer(length, (number) => {
      if (offset >= this.content.length) return null;
      const { most } = this.#moods;
      const bytes = this.content.subarray(
        offset,
        offset + Math.min(length, most[number % most.length] ?? length),
      );
      const middle = bytes.length >> 1;
      return [bytes.subarray(0, middle), bytes.subarray(middle)];
    });
  }

  write(offset: number, data: Buffer): Promise<void> {
    return this.#answer(data.length, () => {
      const longer = Buffer.alloc(Math.max(this.content.length, offset + data.length));
      this.content.copy(longer);
      data.copy(longer, offset);
      this.content = longer;
    });
  }

  stat(): Promise<never> {
    return Promise.reject(new Error('not asked for'));
  }
  setStat = this.stat.bind(this);
  sync = this.stat.bind(this);
  close = this.stat.bind(this);

  async #answer<T>(bytes: number, act: (number: number) => T): Promise<T> {
    const number = this.asked++;
    this.under++;
    this.bytesUnder += bytes;
    this.mostUnder = Math.max(this.mostUnder, this.bytesUnder);
    const { turns, refused } = this.#moods;
    for (let left = turns[number % turns.length] ?? 0; left > 0; left--) await new Promise(setImmediate);
    this.under--;
    this.bytesUnder -= bytes;
    if (number === refused) throw new Fault('quota', 'no more');
    return act(number);
  }
}

const moods = fc.record({
  turns: fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }),
  most: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
});
/** Answers late, all of what is asked. */
const calm: Moods = { turns: [3], most: [10], refused: null };
const content = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const engine = createEngine({ maxRead: 10, maxWrite: 10, roundTrip: 1, windowBytes: 50 });

async function gathered(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found);
}

async function* from(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

describe('engine', () => {
  it('reads every part of a file in order, however the server answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.nat(220),
        fc.option(fc.nat(220)),
        moods,
        async (bytes, start, length, mood) => {
          const file = new MoodyFile(bytes, { ...mood, refused: null });
          const end = length === null ? null : start + length;
          const read = await gathered(engine.read(file, start, end, never));
          expect(read).toEqual(bytes.subarray(start, end ?? bytes.length));
          expect(file.mostUnder).toBeLessThanOrEqual(50);
          expect(file.under).toBe(0);
        },
      ),
      { numRuns: scale('propertyRuns') },
    );
  });

  it('gives what lies before a refused READ, and leaves nothing under way', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.nat(12), moods, async (bytes, refused, mood) => {
        const file = new MoodyFile(bytes, { ...mood, refused });
        const read: Buffer[] = [];
        let thrown: unknown = null;
        try {
          for await (const piece of engine.read(file, 0, bytes.length, never)) read.push(piece);
        } catch (fault) {
          thrown = fault;
        }
        const got = Buffer.concat(read);
        expect(got).toEqual(bytes.subarray(0, got.length));
        if (got.length < bytes.length) expect(thrown).toMatchObject({ code: 'quota' });
        expect(file.under).toBe(0);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });

  it('writes pieces of any size one behind the other', async () => {
    const pieces = fc.array(content, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(30), moods, async (given, start, mood) => {
        const file = new MoodyFile(Buffer.alloc(start), { ...mood, refused: null });
        const told: number[] = [];
        const whole = Buffer.concat(given);
        const written = await engine.write(file, start, from(given), (place) => told.push(place), never);
        expect(written).toBe(start + whole.length);
        expect(file.content.subarray(start)).toEqual(whole);
        expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
        expect(told.at(-1) ?? start).toBe(start + whole.length);
        expect(file.mostUnder).toBeLessThanOrEqual(50);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });

  it('tells when all is on its way, before it is answered', async () => {
    const file = new MoodyFile(Buffer.alloc(0), calm);
    const told: number[] = [];
    const sent = (place: number): void => {
      expect(file.under).toBe(3);
      told.push(place);
    };
    expect(await engine.write(file, 7, from([Buffer.alloc(25)]), () => undefined, never, sent)).toBe(32);
    expect(told).toEqual([32]);
  });

  it('does not tell that where something went wrong', async () => {
    const file = new MoodyFile(Buffer.alloc(0), { ...calm, refused: 0 });
    const sent = (): void => expect.unreachable();
    const pieces = [Buffer.alloc(50), Buffer.alloc(50)];
    await expect(engine.write(file, 0, from(pieces), () => undefined, never, sent)).rejects.toMatchObject({
      code: 'quota',
    });
  });

  it('tells only bytes without a gap before them when a WRITE is refused, and sends no more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { maxLength: 6 }),
        fc.nat(20),
        moods,
        async (given, refused, mood) => {
          const whole = Buffer.concat(given);
          // Pieces are cut at 10 bytes, each on its own.
          const writes = given.flatMap(({ length }) =>
            Array.from({ length: Math.ceil(length / 10) }, (_, at) => Math.min(10, length - at * 10)),
          );
          fc.pre(refused < writes.length);
          const file = new MoodyFile(Buffer.alloc(0), { ...mood, refused });
          let told = 0;
          const writing = engine.write(file, 0, from(given), (bytes) => (told = bytes), never);
          await expect(writing).rejects.toMatchObject({ code: 'quota' });
          expect(told).toBe(writes.slice(0, refused).reduce((sum, length) => sum + length, 0));
          expect(file.content.subarray(0, told)).toEqual(whole.subarray(0, told));
          expect(file.under).toBe(0);
          expect(file.asked).toBeLessThanOrEqual(refused + 51);
        },
      ),
      { numRuns: scale('propertyRuns') },
    );
  });

  it('stops where it is asked to', async () => {
    const file = new MoodyFile(Buffer.alloc(200), { turns: [1], most: [10], refused: null });
    const stop = new AbortController();
    let got = 0;
    const reading = async (): Promise<void> => {
      for await (const piece of engine.read(file, 0, 200, stop.signal)) {
        got += piece.length;
        stop.abort();
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'cancelled' });
    expect(got).toBeLessThanOrEqual(10);
  });

  it('does not wait for answers that nobody wants any more', async () => {
    const stop = new AbortController();
    const silent = new MoodyFile(Buffer.alloc(200), { turns: [0], most: [10], refused: null });
    silent.read = () => {
      setImmediate(() => stop.abort());
      return new Promise(() => undefined);
    };
    await expect(gathered(engine.read(silent, 0, 200, stop.signal))).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('writes nothing more once it is asked to stop, and waits for what is under way', async () => {
    const file = new MoodyFile(Buffer.alloc(0), { turns: [3], most: [10], refused: null });
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Buffer> {
      for (let number = 0; ; number++) {
        if (number === 3) stop.abort();
        await Promise.resolve();
        yield Buffer.alloc(10, number);
      }
    }
    const writing = engine.write(file, 0, endless(), () => undefined, stop.signal);
    await expect(writing).rejects.toMatchObject({ code: 'cancelled' });
    expect(file.content).toHaveLength(30);
    expect(file.under).toBe(0);
  });

  it('ends with the fault of what it is to write', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      await Promise.resolve();
      yield Buffer.alloc(10);
      throw new Error('the producer broke');
    }
    const file = new MoodyFile(Buffer.alloc(0), { turns: [1], most: [10], refused: null });
    await expect(engine.write(file, 0, broken(), () => undefined, never)).rejects.toThrow(
      'the producer broke',
    );
    expect(file.content).toHaveLength(10);
  });

  it('refuses a server that answers READs with nothing, for ever', async () => {
    const file = new MoodyFile(Buffer.alloc(50), { turns: [0], most: [0], refused: null });
    await expect(gathered(engine.read(file, 0, 50, never))).rejects.toMatchObject({ code: 'bad-message' });
  });
});
