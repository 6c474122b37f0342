import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frames, maxPacket, type Frame } from '../../src/wire/frame.js';
import { Malformed } from '../../src/wire/malformed.js';
import { scale } from '../scale.js';
import { bytes, packet } from './bytes.js';
import { replySamples } from './reply-samples.js';
import { requestSamples } from './request-samples.js';

/** Every packet there is, one after another. */
const bodies = [...Object.values(requestSamples), ...Object.values(replySamples)].map((sample) =>
  bytes(sample.bytes),
);
const stream = Buffer.concat(bodies.map(packet));

interface Whole {
  readonly type: number;
  readonly head: string;
  readonly data: string;
}

/** A frame without the accident of how its payload was cut. */
function whole({ type, head, data }: Frame): Whole {
  return { type, head: head.toString('hex'), data: Buffer.concat(data).toString('hex') };
}

function framesOf(chunks: readonly Buffer[]): Whole[] {
  const frames = new Frames();
  const found: Whole[] = [];
  for (const chunk of chunks) {
    frames.push(chunk);
    for (let frame = frames.next(); frame; frame = frames.next()) found.push(whole(frame));
  }
  expect(frames.buffered).toBe(0);
  return found;
}

/** Cut at these places. */
function cut(source: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places].sort((a, b) => a - b);
  return [...ends, source.length].map((end, index) => source.subarray(ends[index - 1] ?? 0, end));
}

const expected = framesOf([stream]);

function writePacket(data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return packet(Buffer.concat([bytes('06 00000001 00000001 "h" 0000000000000000'), length, data]));
}

describe('chunks to packets [filexfer-02 3]', () => {
  it('finds each packet whole, its payload apart', () => {
    expect(expected.map(({ head, data }) => head + data)).toEqual(bodies.map((body) => body.toString('hex')));
    expect(expected.filter(({ data }) => data !== '').map(({ type }) => type)).toEqual([6, 103]);
  });

  it('finds the same frames wherever the stream is cut in two', () => {
    for (let at = 1; at < stream.length; at++) expect(framesOf(cut(stream, [at]))).toEqual(expected);
  });

  it('finds the same frames byte by byte, in chunks of their own and out of one buffer', () => {
    const single = Array.from({ length: stream.length }, (_, at) => stream.subarray(at, at + 1));
    expect(framesOf(single)).toEqual(expected);
    expect(framesOf(single.map((byte) => Buffer.from(byte)))).toEqual(expected);
  });

  it('finds the same frames in small and large chunks, taken at once or late', () => {
    const large = Buffer.concat([
      stream,
      writePacket(Buffer.alloc(20_000, 1)),
      stream,
      writePacket(Buffer.alloc(9_000, 2)),
      packet(Buffer.concat([bytes('11 00000001 00004e20'), Buffer.alloc(20_000, 0x61)])),
      stream,
    ]);
    const all = framesOf([large]);
    fc.assert(
      fc.property(
        fc.array(fc.nat(large.length), { maxLength: 40 }),
        fc.array(fc.nat(3), { minLength: 41, maxLength: 41 }),
        (places, takes) => {
          const frames = new Frames();
          const found: Whole[] = [];
          const take = () => {
            const ahead = frames.peek();
            const before = frames.buffered;
            const frame = frames.next();
            expect(frame === null).toBe(ahead === null);
            if (frame && ahead) {
              expect(ahead.type).toBe(frame.type);
              expect(ahead.length).toBe(before - frames.buffered - 4);
              found.push(whole(frame));
            }
            return frame !== null;
          };
          let held = 0;
          for (const [index, chunk] of cut(large, places).entries()) {
            held += chunk.length;
            frames.push(Buffer.from(chunk));
            for (let wanted = takes[index] ?? 0; wanted > 0 && take(); wanted--);
            expect(frames.buffered).toBeLessThanOrEqual(held);
          }
          while (take());
          expect(found).toEqual(all);
        },
      ),
      { numRuns: scale('propertyRuns') },
    );
  });
});

describe('peek', () => {
  const peeked = (...bodiesThere: Buffer[]) => {
    const frames = new Frames();
    for (const body of bodiesThere) frames.push(body);
    return frames.peek();
  };

  it('tells type, length and what a READ asks for, and leaves the packet', () => {
    const frames = new Frames();
    frames.push(packet(bytes('05 00000001 00000002 "h1" 0000000000000000 0003fc00')));
    const ahead = { type: 5, length: 23, readLength: 261_120 };
    expect(frames.peek()).toEqual(ahead);
    expect(frames.peek()).toEqual(ahead);
    expect(frames.buffered).toBe(27);
    expect(frames.next()).toMatchObject({ type: 5 });
    expect(frames.peek()).toBeNull();
  });

  it('tells nothing before the last byte is there', () => {
    const read = packet(bytes('05 00000001 00000002 "h1" 0000000000000000 ffffffff'));
    for (let length = 0; length < read.length; length++) {
      expect(peeked(read.subarray(0, length))).toBeNull();
    }
    expect(peeked(...cut(read, [5, 6, 20, 25]))).toEqual({ type: 5, length: 23, readLength: 0xffffffff });
  });

  it('takes a malformed READ for one that asks for nothing', () => {
    for (const body of [
      '05',
      '05 00000001',
      '05 00000001 00000002 "h"',
      '05 00000001 ffffffff "h1" 0000000000000000 ffffffff',
      '05 00000001 7fffffff "h1" 0000000000000000 ffffffff',
      '05 00000001 00000002 "h1" 0000000000000000 ffffff',
    ]) {
      expect(peeked(packet(bytes(body)))).toMatchObject({ type: 5, readLength: 0 });
    }
  });
});

describe('attacks on the framing', () => {
  it.each(['00000000', '00040001', '7fffffff', '80000000', 'ffffffff'])(
    'refuses a packet of 0x%s bytes as soon as its length is there, for good',
    (length) => {
      for (const take of [(frames: Frames) => frames.next(), (frames: Frames) => frames.peek()]) {
        const frames = new Frames();
        frames.push(bytes(length).subarray(0, 3));
        expect(take(frames)).toBeNull();
        frames.push(bytes(length).subarray(3));
        for (let time = 0; time < 2; time++) {
          expect(() => take(frames)).toThrow(Malformed);
          frames.push(packet(bytes('11 00000001 00000000')));
        }
      }
    },
  );

  it('takes a packet of exactly the largest size', () => {
    const body = Buffer.concat([bytes('11 00000001'), Buffer.alloc(maxPacket - 5, 0x61)]);
    expect(framesOf(cut(packet(body), [3, 40_000, 200_000]))).toEqual([
      { type: 17, head: body.toString('hex'), data: '' },
    ]);
  });

  it('leaves the end of a WRITE whose handle is no handle in its head, for the decoder to refuse', () => {
    const body = Buffer.concat([bytes('06 00000001 00000101'), Buffer.alloc(400, 0x61)]);
    expect(framesOf([packet(body)])).toEqual([{ type: 6, head: body.toString('hex'), data: '' }]);
  });

  it('takes packets in single bytes in linear time', () => {
    const frames = new Frames();
    const large = writePacket(Buffer.alloc(maxPacket - 22, 7));
    let found = 0;
    // Joining anew at each byte would copy 2^35 bytes for each of these packets.
    for (let time = 0; time < 8; time++) {
      for (let at = 0; at < large.length; at++) {
        frames.push(large.subarray(at, at + 1));
        if (frames.next()) found++;
      }
    }
    expect(found).toBe(8);
  }, 10_000);

  it('holds no more memory than the bytes it was given, however small a part of their buffer they are', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const frames = new Frames();
    frames.push(bytes('00040000 06'));
    collect();
    const before = process.memoryUsage().arrayBuffers;
    // 4096 socket reads of 64 KiB, each with 16 bytes of SFTP among SSH messages that are dropped.
    for (let chunk = 0; chunk < 4096; chunk++) {
      frames.push(Buffer.from(new ArrayBuffer(65_536), 1000, 16));
      expect(frames.next()).toBeNull();
    }
    collect();
    expect(frames.buffered).toBe(5 + 4096 * 16);
    // All of them would be 256 MiB; V8 frees the last ones whenever its own thread comes to it.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  });
});

describe('the payload of a WRITE', () => {
  it('is not copied when it comes in pieces of 32 KiB', () => {
    const source = writePacket(Buffer.from(Array.from({ length: 131_072 }, (_, at) => at % 251)));
    const pieces = cut(source, [32_768, 65_536, 98_304, 131_072]).map((piece) => {
      const own = Buffer.from(new ArrayBuffer(piece.length));
      piece.copy(own);
      return own;
    });
    const frames = new Frames();
    for (const piece of pieces) frames.push(piece);
    const frame = frames.next();
    expect(Buffer.concat(frame?.data ?? []).equals(source.subarray(26))).toBe(true);
    // The last piece is 26 bytes: too few to be worth a buffer of their own.
    expect(frame?.data.slice(0, 4).map(({ buffer }) => buffer)).toEqual(
      pieces.slice(0, 4).map(({ buffer }) => buffer),
    );
    expect(frame?.data[0]?.buffer).toBe(pieces[0]?.buffer);
  });

  it('is not overwritten by what comes after it', () => {
    const frames = new Frames();
    frames.push(writePacket(Buffer.from('first')));
    const first = frames.next();
    frames.push(writePacket(Buffer.from('other')));
    const second = frames.next();
    expect([first, second].map((frame) => Buffer.concat(frame?.data ?? []).toString())).toEqual([
      'first',
      'other',
    ]);
  });
});
