import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as codec from '../../src/wire/codec.js';
import { extensionName } from '../../src/wire/extensions.js';
import { Frames, type Frame } from '../../src/wire/frame.js';
import { Malformed } from '../../src/wire/malformed.js';
import { statusCodes } from '../../src/wire/status.js';
import { scale } from '../scale.js';
import { bytes, packet } from './bytes.js';
import { replySamples } from './reply-samples.js';
import { requestSamples } from './request-samples.js';

function frameOf(body: Buffer): Frame {
  const frames = new Frames();
  frames.push(packet(body));
  const frame = frames.next();
  if (!frame || frames.buffered !== 0) throw new Error('not one frame');
  return frame;
}

function malformed(decode: () => unknown): Malformed {
  try {
    decode();
  } catch (thrown) {
    if (thrown instanceof Malformed) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

/** What both decoders of requests make of the bytes, which has to be the same. */
function decodeRequest(body: Buffer): codec.Request {
  return codec.decodeRequest(frameOf(body));
}

const requests = Object.values(requestSamples);
const replies = Object.values(replySamples);

describe.each(requests)('request $packet.kind', ({ packet: request, bytes: notation, alsoWhole = [] }) => {
  const body = bytes(notation);

  it('is read from its bytes [filexfer-02 4, 6, 8]', () => {
    expect(decodeRequest(body)).toEqual(request);
  });

  it('is written as its bytes', () => {
    expect(codec.encodeRequest(request).toString('hex')).toBe(packet(body).toString('hex'));
  });

  it('is refused at every truncation, under its id once that is there', () => {
    for (let length = 1; length < body.length; length++) {
      const decode = () => decodeRequest(body.subarray(0, length));
      if (alsoWhole.includes(length)) {
        expect(decode().kind).toBe(request.kind);
        continue;
      }
      const id = 'id' in request && length >= 5 ? request.id : null;
      expect(malformed(decode), `at ${length}`).toMatchObject({ code: 'bad-message', id });
    }
  });

  it('ignores bytes behind its last field [PROTOCOL 2.2]', () => {
    // INIT has pairs up to its end, so a pair is what may follow.
    const more = request.kind === 'init' ? bytes('00000000 00000000') : bytes('00 ffffffff');
    expect(decodeRequest(Buffer.concat([body, more]))).toMatchObject(
      request.kind === 'init' ? { kind: 'init', version: 6 } : request,
    );
  });
});

describe.each(replies)('reply $packet.kind', ({ packet: reply, bytes: notation, alsoWhole = [] }) => {
  const body = bytes(notation);
  const asked = extensionName(reply.kind);

  it('is read from its bytes [filexfer-02 4, 7, 8]', () => {
    expect(codec.decodeReply(frameOf(body), asked)).toEqual(reply);
  });

  it('is written as its bytes', () => {
    expect(codec.encodeReply(reply).toString('hex')).toBe(packet(body).toString('hex'));
  });

  it('is refused at every truncation, under its id once that is there', () => {
    for (let length = 1; length < body.length; length++) {
      const decode = () => codec.decodeReply(frameOf(body.subarray(0, length)), asked);
      if (alsoWhole.includes(length)) {
        expect(decode().kind).toBe(reply.kind);
        continue;
      }
      const id = 'id' in reply && length >= 5 ? reply.id : null;
      expect(malformed(decode), `at ${length}`).toMatchObject({ code: 'bad-message', id });
    }
  });

  it('says whom it answers', () => {
    expect(codec.replyId(frameOf(body))).toBe('id' in reply ? reply.id : null);
  });
});

describe("the server's encoders", () => {
  const hex = (notation: string) => packet(bytes(notation)).toString('hex');

  it('write the bytes of the samples', () => {
    const { version, handle, name, attrs } = replySamples;
    expect(codec.encodeVersion(3, version.packet.extensions).toString('hex')).toBe(hex(version.bytes));
    expect(codec.encodeHandle(2, handle.packet.handle).toString('hex')).toBe(hex(handle.bytes));
    expect(codec.encodeName(4, name.packet.entries).toString('hex')).toBe(hex(name.bytes));
    expect(codec.encodeAttrs(5, attrs.packet.attrs).toString('hex')).toBe(hex(attrs.bytes));
    expect(codec.encodeStatus(0x01020304, statusCodes.eof, 'end').toString('hex')).toBe(
      hex('65 01020304 00000001 00000003 "end" 00000000'),
    );
  });

  it('refuse a reply that no client would take', () => {
    const entry = { name: 'n'.repeat(60_000), longname: '', attrs: {} };
    expect(() =>
      codec.encodeName(
        1,
        Array.from({ length: 5 }, () => entry),
      ),
    ).toThrow('does not fit');
  });

  it('cut a status text that would not fit', () => {
    const reply = codec.decodeReply(
      frameOf(codec.encodeStatus(1, statusCodes.failure, '\u20ac'.repeat(200_000)).subarray(4)),
    );
    expect(reply).toMatchObject({ kind: 'status', message: '\u20ac'.repeat(65_280) });
  });

  it('never cut a char above 0xff to a byte: U+012F would become a slash', () => {
    expect(() => codec.encodeHandle(1, '\u012f')).toThrow(RangeError);
  });

  it('say times that the wire knows for those that it does not [filexfer-02 5]', () => {
    const times = (atime: number, mtime: number) =>
      codec.encodeAttrs(1, { atime, mtime }).subarray(13).toString('hex');
    expect(times(1.9, -1)).toBe('0000000100000000');
    expect(times(2 ** 32, Infinity)).toBe('ffffffffffffffff');
  });

  it('refuse half of a pair of attributes', () => {
    expect(() => codec.encodeAttrs(1, { uid: 1 })).toThrow(RangeError);
    expect(() => codec.encodeAttrs(1, { mtime: 1 })).toThrow(RangeError);
  });
});

describe('what is no known request', () => {
  it('keeps the id of an unknown type, to be answered as unsupported [filexfer-02 6]', () => {
    for (const type of ['00', '02', '15', '65', '69', 'c9', 'ff']) {
      expect(decodeRequest(bytes(`${type} 0000002a ff`))).toEqual({
        kind: 'unknown',
        id: 42,
        type: Number.parseInt(type, 16),
      });
      expect(malformed(() => decodeRequest(bytes(`${type} 000000`))).id).toBeNull();
    }
  });

  it('keeps id and name of an unknown extension', () => {
    for (const name of ['toString', '__proto__', 'constructor', 'Copy-Data']) {
      const length = name.length.toString(16).padStart(8, '0');
      expect(decodeRequest(bytes(`c8 00000007 ${length} "${name}" 00`))).toEqual({
        kind: 'unknown-extension',
        id: 7,
        name,
      });
    }
  });

  it('refuses a reply that nothing asked for', () => {
    expect(malformed(() => codec.decodeReply(frameOf(bytes('c9 00000007')))).id).toBe(7);
    expect(malformed(() => codec.decodeReply(frameOf(bytes('c9 00000007')), 'copy-data')).id).toBe(7);
    expect(malformed(() => codec.decodeReply(frameOf(bytes('03 00000008')))).id).toBe(8);
    expect(malformed(() => codec.decodeReply(frameOf(bytes('03 000000')))).id).toBeNull();
  });
});

describe('hostile numbers', () => {
  const refused = (notation: string) => {
    const { id, message } = malformed(() => decodeRequest(bytes(notation)));
    expect(id).toBe(9);
    return message;
  };

  it.each(['7fffffff', '80000000', 'fffffffb', 'ffffffff'])('refuses a string of 0x%s bytes', (length) => {
    refused(`11 00000009 ${length} "/a"`);
    refused(`12 00000009 00000001 "a" ${length} "b"`);
    refused(`04 00000009 ${length} "h"`);
    refused(`06 00000009 ${length} "h" 0000000000000000 00000001 "x"`);
    refused(`06 00000009 00000001 "h" 0000000000000000 ${length} "x"`);
    refused(`c8 00000009 ${length} "copy-data"`);
  });

  it.each(['00000001', '10000000', '7fffffff', '80000000', 'ffffffff'])(
    'refuses 0x%s extended attributes before it makes room for them (CVE-2026-54886)',
    (count) => {
      const sentence = 'a count larger than the packet';
      expect(refused(`09 00000009 00000001 "f" 80000000 ${count}`)).toBe(sentence);
      expect(malformed(() => codec.decodeReply(frameOf(bytes(`68 00000009 ${count}`))))).toMatchObject({
        id: 9,
        message: sentence,
      });
    },
  );

  it('skips extended attributes, and takes what stands behind them [filexfer-02 5]', () => {
    const setstat = '09 00000009 00000001 "f" 80000004 000001a4 00000002';
    const pairs = '00000003 "x@y" 00000002 "zz" 00000000 00000000';
    const attrs = { permissions: 0o644 };
    expect(decodeRequest(bytes(`${setstat} ${pairs}`))).toEqual({ kind: 'setstat', id: 9, path: 'f', attrs });
    expect(decodeRequest(bytes(`0e 00000009 00000001 "f" 80000000 00000001 00000000 00000000 00`))).toEqual({
      kind: 'mkdir',
      id: 9,
      path: 'f',
      attrs: {},
    });
    refused(`${setstat} 00000003 "x@y" 00000002 "zz" 00000001`);
  });

  it('refuses numbers above 2^53-1, and takes those up to it (T6)', () => {
    expect(decodeRequest(bytes('05 00000009 00000001 "h" 001fffffffffffff 00000000'))).toMatchObject({
      offset: Number.MAX_SAFE_INTEGER,
    });
    for (const number of ['0020000000000000', '7fffffffffffffff', '8000000000000000', 'ffffffffffffffff']) {
      refused(`05 00000009 00000001 "h" ${number} 00000000`);
      refused(`06 00000009 00000001 "h" ${number} 00000000`);
      refused(`09 00000009 00000001 "f" 00000001 ${number}`);
      refused(`c8 00000009 00000009 "copy-data" 00000001 "r" ${number}`);
    }
  });

  it('refuses ranges that end above 2^53-1 (T6)', () => {
    refused('05 00000009 00000001 "h" 001fffffffffffff 00000001');
    refused('06 00000009 00000001 "h" 001fffffffffffff 00000001 "x"');
    refused('c8 00000009 00000008 "md5-hash" 00000001 "f" 001fffffffffffff 0000000000000001 00000000');
    const copy = (from: string, to: string) =>
      refused(`c8 00000009 00000009 "copy-data" 00000001 "r" ${from} 0000000000000001 00000001 "w" ${to}`);
    copy('001fffffffffffff', '0000000000000000');
    copy('0000000000000000', '001fffffffffffff');
  });

  it('caps numbers that only inform', () => {
    const limits = Buffer.concat([bytes('c9 00000001'), Buffer.alloc(32, 0xff)]);
    expect(codec.decodeReply(frameOf(limits), 'limits@openssh.com')).toMatchObject({
      maxOpenHandles: Number.MAX_SAFE_INTEGER,
    });
  });

  it('refuses lists that overrun their string or its neighbours', () => {
    const users = 'c8 00000009 0000001e "users-groups-by-id@openssh.com"';
    refused(`${users} 00000005 00000000 00 00000000`);
    refused(`${users} 00000003 000000 00000000`);
    refused(`${users} 00000008 00000000`);
    const names = (notation: string) =>
      malformed(() => codec.decodeReply(frameOf(bytes(notation)), 'users-groups-by-id@openssh.com'));
    // The inner string reaches beyond the outer one, into the groups.
    expect(names('c9 00000009 00000005 00000002 "a" 00000005 00000001 "b"').id).toBe(9);
  });

  it('refuses what is longer than the limits of PROTOCOL 2.2', () => {
    const long = (type: string, length: number) => {
      const head = bytes(`${type} 00000009 ${length.toString(16).padStart(8, '0')}`);
      return decodeRequest(Buffer.concat([head, Buffer.alloc(length, 0x61)]));
    };
    expect(long('08', 256)).toMatchObject({ kind: 'fstat' });
    expect(malformed(() => long('08', 257)).id).toBe(9);
    expect(malformed(() => long('08', 200_000)).id).toBe(9);
    expect(long('11', 65_535)).toMatchObject({ kind: 'stat' });
    expect(malformed(() => long('11', 65_536)).id).toBe(9);
    expect(long('c8', 1024)).toMatchObject({ kind: 'unknown-extension' });
    expect(malformed(() => long('c8', 1025)).id).toBe(9);
    const ids = (count: number) =>
      Buffer.concat([
        bytes('c8 00000009 0000001e "users-groups-by-id@openssh.com"'),
        packet(Buffer.alloc(count * 4)),
        bytes('00000000'),
      ]);
    expect(decodeRequest(ids(4096))).toMatchObject({ uids: { length: 4096 } });
    expect(malformed(() => decodeRequest(ids(4097))).id).toBe(9);
  });

  it('refuses INIT and VERSION without an id', () => {
    expect(malformed(() => decodeRequest(bytes('01 00000003 00000001'))).id).toBeNull();
  });
});

describe('mutated packets', () => {
  it('give a packet or Malformed, never anything else', () => {
    const bodies = [...requests, ...replies].map(({ bytes: notation }) => bytes(notation));
    const mutation = fc.record({
      body: fc.constantFrom(...bodies),
      changes: fc.array(fc.record({ at: fc.nat(), to: fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff) }), {
        minLength: 1,
        maxLength: 4,
      }),
      asked: fc.constantFrom(...Object.keys(replySamples).map(extensionName)),
    });
    fc.assert(
      fc.property(mutation, ({ body, changes, asked }) => {
        const mutated = Buffer.from(body);
        for (const { at, to } of changes) mutated[at % mutated.length] = to;
        for (const decode of [codec.decodeRequest, (frame: Frame) => codec.decodeReply(frame, asked)]) {
          try {
            decode(frameOf(mutated));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Malformed);
          }
        }
      }),
      { numRuns: scale('fuzzedStreams') * 10 },
    );
  });
});
