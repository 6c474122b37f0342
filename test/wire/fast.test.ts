import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataHeaderLength,
  decodeReply,
  decodeReplyByTable,
  decodeRequest,
  decodeRequestByTable,
  encodeRead,
  encodeReply,
  encodeRequest,
  encodeStatus,
  encodeWriteHeader,
  writeDataHeader,
} from '../../src/wire/codec.js';
import { decodeData, decodeRead, decodeWrite } from '../../src/wire/fast.js';
import { Frames, type Frame } from '../../src/wire/frame.js';
import { statusCodes } from '../../src/wire/status.js';
import { scale } from '../scale.js';
import { packet } from './bytes.js';

const options = { numRuns: scale('propertyRuns') };
const id = fc.nat(0xffffffff);
const handle = fc.uint8Array({ maxLength: 256 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const offset = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 2 ** 33, 2 ** 53 - 1),
);
const data = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

function frameOf(bytes: Buffer): Frame {
  const frames = new Frames();
  frames.push(bytes);
  const frame = frames.next();
  if (!frame) throw new Error('no frame');
  return frame;
}

/** A result that can be compared, be it a packet or a refusal. */
function outcome(decode: () => unknown): unknown {
  try {
    return { packet: decode() };
  } catch (thrown) {
    return { thrown };
  }
}

/** Both decoders say the same, of the packet and of anything like it. */
function sameOutcome(
  bytes: Buffer,
  at: number,
  to: number,
  fast: (frame: Frame) => unknown,
  table: (frame: Frame) => unknown,
): void {
  const mutated = Buffer.from(bytes.subarray(4));
  mutated[1 + (at % (mutated.length - 1))] = to;
  const truncated = mutated.subarray(0, 1 + (at % mutated.length));
  for (const body of [bytes.subarray(4), mutated, truncated]) {
    const frame = frameOf(packet(body));
    expect(outcome(() => fast(frame))).toEqual(outcome(() => table(frame)));
  }
}

describe('the fast paths say what the tables say', () => {
  it('READ', () => {
    fc.assert(
      fc.property(id, handle, offset, id, fc.nat(), fc.nat(255), (id, handle, offset, length, at, to) => {
        const bytes = encodeRead(id, handle, offset, length);
        expect(bytes.equals(encodeRequest({ kind: 'read', id, handle, offset, length }))).toBe(true);
        sameOutcome(bytes, at, to, decodeRequest, decodeRequestByTable);
      }),
      options,
    );
  });

  it('WRITE', () => {
    fc.assert(
      fc.property(id, handle, offset, data, fc.nat(), fc.nat(255), (id, handle, offset, data, at, to) => {
        const header = encodeWriteHeader(id, handle, offset, data.length);
        const bytes = Buffer.concat([header, data]);
        expect(
          bytes.equals(
            encodeRequest({ kind: 'write', id, handle, offset, length: data.length, data: [data] }),
          ),
        ).toBe(true);
        sameOutcome(bytes, at, to, decodeRequest, decodeRequestByTable);
      }),
      options,
    );
  });

  it('DATA', () => {
    fc.assert(
      fc.property(id, data, fc.nat(), fc.nat(255), (id, data, at, to) => {
        const bytes = Buffer.alloc(dataHeaderLength + data.length);
        data.copy(bytes, dataHeaderLength);
        writeDataHeader(bytes, id, data.length);
        expect(bytes.equals(encodeReply({ kind: 'data', id, length: data.length, data: [data] }))).toBe(true);
        sameOutcome(bytes, at, to, decodeReply, decodeReplyByTable);
      }),
      options,
    );
  });

  it('STATUS', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(
        id,
        fc.constantFrom(...Object.values(statusCodes)),
        text,
        text,
        (id, code, message, language) => {
          expect(encodeStatus(id, code, message, language)).toEqual(
            encodeReply({ kind: 'status', id, code, message, language }),
          );
        },
      ),
      options,
    );
  });

  it('are taken for packets with nothing unusual about them', () => {
    expect(decodeRead(encodeRead(1, 'h', 5, 6).subarray(4))).toMatchObject({ kind: 'read', offset: 5 });
    const write = Buffer.concat([encodeWriteHeader(1, 'h', 5, 3), Buffer.from('abc')]);
    expect(decodeWrite(frameOf(write))).toMatchObject({ kind: 'write', offset: 5, length: 3 });
    const reply = encodeReply({ kind: 'data', id: 1, length: 3, data: [Buffer.from('abc')] });
    expect(decodeData(frameOf(reply))).toMatchObject({ kind: 'data', length: 3 });
  });

  it('refuse to begin a block that no packet can hold', () => {
    expect(() => encodeWriteHeader(1, 'h', 0, 262_144)).toThrow(RangeError);
    expect(() => encodeWriteHeader(1, 'h', 0, 261_120)).not.toThrow();
  });
});
