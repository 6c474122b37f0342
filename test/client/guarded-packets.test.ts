import { describe, expect, it } from 'vitest';
import { guardPackets, type Guarded } from '../../src/client/guarded-packets.js';
import type { InnerProtocol } from '../../src/client/internals.js';

/** What reaches ssh2 behind the guard. */
function guarded(
  parts: Partial<Guarded> = {},
  waiting: readonly string[] = [],
): (payload: Buffer) => boolean {
  let reached = 0;
  const protocol = {
    _onPayload: () => ++reached,
    _authsQueue: waiting,
  } as unknown as InnerProtocol;
  guardPackets(protocol, { trusted: () => true, unsent: () => 0, heard: () => undefined, ...parts });
  return (payload) => {
    const before = reached;
    protocol._onPayload(payload);
    return reached > before;
  };
}

const text = (value: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([length, Buffer.from(value)]);
};
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const message = (type: number, ...fields: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([type]), ...fields]);
const confirmation = (packetSize: number): Buffer =>
  message(91, number(0), number(0), number(2 ** 21), number(packetSize));
const questions = (count: number): Buffer => message(60, text('n'), text('i'), text(''), number(count));

describe('what a hostile server may send', () => {
  it('is next to nothing before its host key was accepted', () => {
    let trusted = false;
    const take = guarded({ trusted: () => trusted }, ['none']);
    for (const harmless of [1, 2, 3, 4, 7]) expect(take(message(harmless)), String(harmless)).toBe(true);
    for (const type of [6, 51, 52, 53, 60, 80, 90, 91, 94, 99, 200]) {
      expect(() => take(message(type)), String(type)).toThrow(/before its host key was accepted/);
    }
    trusted = true;
    expect(take(message(52))).toBe(true);
  });

  it.each([51, 52])('is no answer (%i) to a login that nobody asked for', (type) => {
    expect(() => guarded({}, [])(message(type))).toThrow(/nobody asked for/);
    expect(guarded({}, ['password'])(message(type))).toBe(true);
  });

  it('is a bounded number of banners, of bounded length', () => {
    const many = guarded();
    const all = (): void => {
      for (let sent = 0; sent < 65; sent++) expect(many(message(53, text('x'), text('')))).toBe(true);
    };
    expect(all).toThrow(/banners without end/);
    const long = guarded();
    const few = (): void => {
      for (let sent = 0; sent < 10; sent++) long(message(53, text('x'.repeat(32_000)), text('')));
    };
    expect(few).toThrow(/banners without end/);
  });

  it('is a bounded number of questions', () => {
    const waiting = ['keyboard-interactive'];
    expect(guarded({}, waiting)(questions(64))).toBe(true);
    // Believed, it would be room for 2^32 prompts before the first is read.
    for (const count of [65, 2 ** 25, 2 ** 32 - 1]) {
      expect(() => guarded({}, waiting)(questions(count)), String(count)).toThrow(/too many things/);
    }
    const take = guarded({}, waiting);
    const all = (): void => {
      for (let sent = 0; sent < 65; sent++) take(questions(0));
    };
    expect(all).toThrow(/asks without end/);
  });

  it('leaves questions that are malformed to ssh2', () => {
    const whole = questions(1000);
    for (let length = 1; length < whole.length; length++) {
      expect(guarded({}, ['keyboard-interactive'])(whole.subarray(0, length)), String(length)).toBe(true);
    }
    expect(guarded({}, ['keyboard-interactive'])(message(60, number(2 ** 32 - 1), text('')))).toBe(true);
  });

  it('is a channel with packets of some size', () => {
    for (const size of [0, 1, 255]) {
      expect(() => guarded()(confirmation(size)), String(size)).toThrow(/packets of no useful size/);
    }
    expect(guarded()(confirmation(256))).toBe(true);
    expect(guarded()(confirmation(32_768).subarray(0, 12))).toBe(true);
  });

  it.each([80, 90, 98])('is no request (%i) whose answers pile up', (type) => {
    let unsent = 32 * 2 ** 20;
    const take = guarded({ unsent: () => unsent });
    expect(take(message(type))).toBe(true);
    unsent++;
    expect(() => take(message(type))).toThrow(/does not read the answers/);
    expect(take(message(94))).toBe(true);
  });

  it('is no list of further host keys, which would all have to be proven', () => {
    const take = guarded();
    expect(take(message(80, text('hostkeys-00@openssh.com'), Buffer.from([0])))).toBe(false);
    expect(take(message(80, text('keepalive@openssh.com'), Buffer.from([1])))).toBe(true);
  });
});
