import { decodeRequest, encodeRequest, type KnownRequest } from '../../src/wire/codec.js';
import { Frames } from '../../src/wire/frame.js';
import { nthHandle } from './recorded-channel.js';

/** Numbers that the same seed gives again (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error('nothing to choose from');
    return value;
  }
}

const names = [
  ...['/', '/a', '/b', '/c', '/d', '/d/x', '/d/y', '/l', '/l/x', '', '..', '/d/../a', '~', '~alice', '~bob'],
  ...['/\xff\xfe', '/nul\0', '/a/b', `/${'n'.repeat(255)}`, `/${'n'.repeat(256)}`, 'p/'.repeat(3000)],
];
const usual = ['/a', '/b', '/d', '/'];
const sizes = [0, 1, 100, 2047, 70_000, 1_000_000];
const lengths = [0, 1, 1000, 32_768, 261_120, 300_000, 0xffff_ffff];
const modes = [0, 0o644, 0o100755, 0o7777, 0xffff_ffff];

/** A request that is well formed, about the few files and handles that all requests are about. */
export function anyRequest(chance: Chance, id: number): KnownRequest {
  const path = (): string => chance.of(chance.happens(0.7) ? usual : names);
  const handle = (): string => (chance.happens(0.95) ? nthHandle(1 + chance.below(6)) : path().slice(0, 256));
  const size = (): number => chance.of(sizes);
  const attrs = () => ({
    ...(chance.happens(0.3) && { size: size() }),
    ...(chance.happens(0.2) && { uid: 1001, gid: chance.of([0, 1001]) }),
    ...(chance.happens(0.3) && { permissions: chance.of(modes) }),
    ...(chance.happens(0.3) && { atime: chance.below(2 ** 32), mtime: 0 }),
  });
  const range = () => ({
    algorithms: chance.of(['md5', 'sha256,md5', 'crc32', 'none', '']),
    ...{ start: size(), length: size(), blockSize: chance.of([0, 0, 255, 256, 4096]) },
  });
  const quick = () => ({
    start: size(),
    length: size(),
    quickCheck: Buffer.alloc(chance.of([0, 0, 16, 1000])),
  });
  const data = Buffer.alloc(chance.of([0, 1, 100, 5000, 100_000]), id);
  const makers: (() => KnownRequest)[] = [
    ...Array.from(
      { length: 4 },
      () => () => ({ kind: 'open', id, path: path(), flags: chance.below(64), attrs: attrs() }) as const,
    ),
    ...Array.from(
      { length: 4 },
      () => () =>
        ({ kind: 'read', id, handle: handle(), offset: size(), length: chance.of(lengths) }) as const,
    ),
    ...Array.from(
      { length: 4 },
      () => () =>
        ({ kind: 'write', id, handle: handle(), offset: size(), length: data.length, data: [data] }) as const,
    ),
    () => ({ kind: 'close', id, handle: handle() }),
    () => ({ kind: 'close', id, handle: handle() }),
    () => ({ kind: 'lstat', id, path: path() }),
    () => ({ kind: 'stat', id, path: path() }),
    () => ({ kind: 'fstat', id, handle: handle() }),
    () => ({ kind: 'setstat', id, path: path(), attrs: attrs() }),
    () => ({ kind: 'fsetstat', id, handle: handle(), attrs: attrs() }),
    () => ({ kind: 'opendir', id, path: path() }),
    () => ({ kind: 'readdir', id, handle: handle() }),
    () => ({ kind: 'readdir', id, handle: handle() }),
    () => ({ kind: 'remove', id, path: path() }),
    () => ({ kind: 'mkdir', id, path: path(), attrs: attrs() }),
    () => ({ kind: 'rmdir', id, path: path() }),
    () => ({ kind: 'realpath', id, path: path() }),
    () => ({ kind: 'rename', id, from: path(), to: path() }),
    () => ({ kind: 'readlink', id, path: path() }),
    () => ({ kind: 'symlink', id, first: path(), second: path() }),
    () => ({ kind: 'posix-rename@openssh.com', id, from: path(), to: path() }),
    () => ({ kind: 'hardlink@openssh.com', id, existing: path(), name: path() }),
    () => ({ kind: 'lsetstat@openssh.com', id, path: path(), attrs: attrs() }),
    () => ({ kind: 'statvfs@openssh.com', id, path: path() }),
    () => ({ kind: 'fstatvfs@openssh.com', id, handle: handle() }),
    () => ({ kind: 'space-available', id, path: path() }),
    () => ({ kind: 'fsync@openssh.com', id, handle: handle() }),
    () => ({ kind: 'limits@openssh.com', id }),
    () => ({ kind: 'limits@openssh.com', id }),
    () => ({ kind: 'expand-path@openssh.com', id, path: path() }),
    () => ({ kind: 'home-directory', id, user: path().slice(0, 1000) }),
    () => ({
      kind: 'users-groups-by-id@openssh.com',
      id,
      uids: Array<number>(chance.below(4097)).fill(1001),
      gids: [],
    }),
    () => ({ kind: 'vendor-id', id, vendor: 'v', product: 'p', version: '1', build: 7 }),
    () => ({ kind: 'account-status@plimsoll', id }),
    () => ({
      kind: 'copy-data',
      id,
      from: handle(),
      fromOffset: size(),
      length: size(),
      to: handle(),
      toOffset: size(),
    }),
    () => ({ kind: 'copy-file', id, from: path(), to: path(), overwrite: chance.happens(0.5) }),
    () => ({ kind: 'check-file-name', id, path: path(), ...range() }),
    () => ({ kind: 'check-file-handle', id, handle: handle(), ...range() }),
    () => ({ kind: 'check-file', id, handle: handle(), ...range() }),
    () => ({ kind: 'md5-hash', id, path: path(), ...quick() }),
    () => ({ kind: 'md5-hash-handle', id, handle: handle(), ...quick() }),
  ];
  return chance.of(makers)();
}

/** The packet with some of its bytes different, more of them, or fewer; its length mostly says so. */
function mutated(chance: Chance, packet: Buffer): Buffer {
  let changed = Buffer.from(packet);
  switch (chance.below(5)) {
    case 0:
      for (let flips = 1 + chance.below(3); flips > 0; flips--) {
        // From the id on: where a packet ends is changed below, and seldom.
        const at = 5 + chance.below(changed.length - 5);
        changed[at] = chance.happens(0.5)
          ? (changed[at] ?? 0) ^ (1 << chance.below(8))
          : chance.of([0, 0x7f, 0x80, 0xff]);
      }
      break;
    case 1:
      changed = changed.subarray(0, 9 + chance.below(changed.length - 8));
      break;
    case 2:
      changed = Buffer.concat([changed, Buffer.alloc(1 + chance.below(50), chance.below(256))]);
      break;
    case 3:
      changed[4] = chance.of([0, 2, 21, 101, 103, 199, 200, 201, 255, 3 + chance.below(18)]);
      break;
    default:
      changed = Buffer.concat([changed, packet]);
      changed.writeUInt32BE(packet.length - 4);
      return changed;
  }
  changed.writeUInt32BE(changed.length - 4);
  return changed;
}

/** What ends a session wherever it stands. */
function violation(chance: Chance): Buffer {
  return chance.of([
    Buffer.alloc(4),
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0, 4, 0, 1, 6]),
    Buffer.from([0, 0, 0, 4, 17, 0, 0, 0]),
    encodeRequest({ kind: 'init', version: 3, extensions: [] }),
  ]);
}

/** A whole conversation of one client: what it sends from INIT on. */
export function anyStream(chance: Chance): Buffer {
  const packets: Buffer[] = [];
  if (chance.happens(0.98))
    packets.push(encodeRequest({ kind: 'init', version: 3, extensions: [['x', 'y']] }));
  const mutations = chance.of([0, 0.05, 0.5]);
  for (const path of ['/a', '/b', '/c']) {
    packets.push(
      encodeRequest({ kind: 'open', id: 0, path, flags: chance.of([1, 0x1b, 0x0b, 0x0f]), attrs: {} }),
    );
  }
  packets.push(encodeRequest({ kind: 'opendir', id: 0, path: '/' }));
  for (let id = 1, count = chance.below(120); id <= count; id++) {
    const packet = encodeRequest(anyRequest(chance, id));
    packets.push(chance.happens(mutations) ? mutated(chance, packet) : packet);
    if (chance.happens(0.002)) packets.push(violation(chance));
  }
  const stream = Buffer.concat(packets);
  return chance.happens(0.1) ? stream.subarray(0, chance.below(stream.length + 1)) : stream;
}

/** What a session has to answer to a stream: the ids in order, and whether the stream ends it. */
export function expected(stream: Buffer): { readonly ids: readonly number[]; readonly violated: boolean } {
  const frames = new Frames();
  frames.push(stream);
  const ids: number[] = [];
  for (let first = true; ; first = false) {
    try {
      const frame = frames.next();
      if (!frame) return { ids, violated: false };
      if ((frame.type === 1) !== first) return { ids, violated: true };
      // Only INIT has to be right; every other packet needs no more than an id.
      if (first) decodeRequest(frame);
      else if (frame.head.length < 5) return { ids, violated: true };
      else ids.push(frame.head.readUInt32BE(1));
    } catch {
      return { ids, violated: true };
    }
  }
}
