import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attrs, entries, type Attrs } from '../../src/wire/attrs.js';
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  type KnownRequest,
  type Reply,
} from '../../src/wire/codec.js';
import {
  advertised,
  extensionName,
  extensions,
  taggedAlgorithm,
  taggedHash,
  type Extension,
} from '../../src/wire/extensions.js';
import * as fields from '../../src/wire/fields.js';
import { Frames, type Frame } from '../../src/wire/frame.js';
import { extended, extendedReply, replies, requests, type Packet } from '../../src/wire/packets.js';
import type { Fields } from '../../src/wire/row.js';
import { readVendorId, vendorIdPair } from '../../src/wire/vendor-id.js';
import { scale } from '../scale.js';

const u32 = fc.nat(0xffffffff);
const byteString = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array));
const pair = fc.tuple(byteString(20), byteString(20));
const text = fc.string({ unit: 'grapheme' });

const anyAttrs: Arbitrary<Attrs> = fc
  .tuple(
    fc.option(fc.record({ size: fc.maxSafeNat() })),
    fc.option(fc.record({ uid: u32, gid: u32 })),
    fc.option(fc.record({ permissions: u32 })),
    fc.option(fc.record({ atime: u32, mtime: u32 })),
  )
  .map(([size, owner, permissions, times]) => ({ ...size, ...owner, ...permissions, ...times }));

/** Any value that each kind of field can carry. */
const valuesOf = new Map<fields.Field<unknown>, Arbitrary<unknown>>([
  [fields.u32, u32],
  [fields.requestId, u32],
  [fields.u64, fc.nat(2 ** 52)],
  [fields.figure, fc.maxSafeNat()],
  [fields.bool, fc.boolean()],
  [fields.handle, byteString(256)],
  [fields.path, byteString(300)],
  [fields.word, byteString(40)],
  [fields.text, text],
  [fields.textIfAny, text],
  [fields.bytes, bytes],
  [fields.rest, bytes],
  [fields.slices, bytes.map((data) => (data.length > 0 ? [data] : []))],
  [fields.lengthAhead, fc.constant(0)],
  [fields.pairs, fc.array(pair, { maxLength: 4 })],
  [fields.idList, fc.array(u32, { maxLength: 10 })],
  [fields.wordList, fc.array(byteString(10), { maxLength: 10 })],
  [attrs, anyAttrs],
  [
    entries,
    fc.array(fc.record({ name: byteString(20), longname: byteString(40), attrs: anyAttrs }), {
      maxLength: 5,
    }),
  ],
  [taggedAlgorithm, byteString(10)],
  [taggedHash, bytes],
]);

function anyOf(row: Fields): Arbitrary<Record<string, unknown>> {
  const arbitraries = Object.entries(row).map(([key, field]) => {
    const arbitrary = valuesOf.get(field);
    if (!arbitrary) throw new Error(`a kind of field that no value is known for: ${key}`);
    return [key, arbitrary] as const;
  });
  return fc.record(Object.fromEntries(arbitraries)).map((values) => {
    const { data } = values;
    // The length of a payload is that of its data.
    return Array.isArray(data) ? { ...values, length: Buffer.concat(data as Buffer[]).length } : values;
  });
}

function frameOf(packet: Buffer): Frame {
  const frames = new Frames();
  frames.push(packet);
  const frame = frames.next();
  if (!frame || frames.buffered > 0) throw new Error('not one frame');
  return frame;
}

const run = { numRuns: scale('propertyRuns') };
const requestRows: (readonly [string, Fields])[] = [
  ...Object.entries(requests).map(([kind, { fields: row }]) => [kind, row] as const),
  ...Object.entries(extensions).map(
    ([kind, { request }]) => [kind, { id: fields.requestId, ...request }] as const,
  ),
];
const replyRows = [
  ...Object.entries(replies).map(([kind, { fields: row }]) => [kind, row] as const),
  ...Object.entries<Extension>(extensions).flatMap(([kind, { reply }]) =>
    typeof reply === 'string' ? [] : [[kind, { id: fields.requestId, ...reply }] as const],
  ),
];

describe('what is written is read back', () => {
  it.each(requestRows)('request %s', (kind, row) => {
    fc.assert(
      fc.property(anyOf(row), (values) => {
        const request = { kind, ...values } as unknown as KnownRequest;
        expect(decodeRequest(frameOf(encodeRequest(request)))).toEqual(request);
      }),
      run,
    );
  });

  it.each(replyRows)('reply %s', (kind, row) => {
    fc.assert(
      fc.property(anyOf(row), (values) => {
        const reply = { kind, ...values } as unknown as Reply;
        expect(decodeReply(frameOf(encodeReply(reply)), extensionName(kind))).toEqual(reply);
      }),
      run,
    );
  });

  it("vendor-id's value in VERSION", () => {
    const vendorId = { vendor: 'Plimsoll', product: 'plimsoll', version: '0.1.0', build: 7 };
    const [name, value] = vendorIdPair(vendorId);
    expect(name).toBe('vendor-id');
    expect(value.slice(0, 12)).toBe('\0\0\0\x08Plimsoll');
    expect(readVendorId(value)).toEqual(vendorId);
    expect(() => readVendorId(value.slice(0, -1))).toThrow('ends early');
  });
});

describe('the tables', () => {
  it('give no number to two packets', () => {
    const rows: Packet[] = [...Object.values(requests), ...Object.values(replies), extended, extendedReply];
    expect(new Set(rows.map(({ type }) => type)).size).toBe(rows.length);
  });

  it('announce what clients look for [PROTOCOL 4]', () => {
    expect(Object.fromEntries(advertised)).toMatchObject({
      'limits@openssh.com': '1',
      'posix-rename@openssh.com': '1',
      'statvfs@openssh.com': '2',
      'fstatvfs@openssh.com': '2',
      'check-file': '1',
      'space-available': '1',
      'copy-file': '1',
      'copy-data': '1',
    });
    expect(advertised.map(([name]) => name)).not.toContain('check-file-name');
  });
});
