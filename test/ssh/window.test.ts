import { describe, expect, test } from 'vitest';
import { largestWindow, ReceiveWindow, receivePacket } from '../../src/ssh/window.js';
import { idleWindow, smallestWindow, WindowBudget, WindowGrowth } from '../../src/ssh/window-budget.js';
import { ManualTimers } from './manual-timers.js';

const mebibyte = 2 ** 20;
const limit = 16 * mebibyte;

/** A connection whose disk holds back what the test says. */
class Connection {
  readonly timers = new ManualTimers();
  readonly channels: Sender[] = [];
  readonly budget: WindowBudget;
  waiting = 0;

  constructor(growth = new WindowGrowth(), inputBytes = 4 * mebibyte) {
    this.budget = new WindowBudget({ inputBytes, waiting: () => this.waiting, growth });
  }

  open(): Sender {
    const sender = new Sender(this);
    this.channels.push(sender);
    return sender;
  }

  /** What the peer may still send, over all channels, and what waits. */
  get atStake(): number {
    return this.channels.reduce((sum, { credit }) => sum + credit, this.waiting);
  }
}

/** The peer of one channel: what it was granted and has not sent. */
class Sender {
  readonly window: ReceiveWindow;
  readonly grants: number[] = [];
  credit: number;

  constructor(connection: Connection) {
    this.window = new ReceiveWindow(connection.budget, () => connection.timers.now());
    this.credit = this.window.first;
  }

  /** Sends, and it is taken at once. */
  send(bytes: number): void {
    for (let left = bytes; left > 0;) {
      const length = Math.min(left, receivePacket, this.credit);
      if (length === 0) throw new Error('a sender waits, though all it sent was taken');
      this.arrive(length);
      this.grant();
      left -= length;
    }
  }

  arrive(length: number): void {
    if (!this.window.take(length)) throw new Error('what was granted may not be sent');
    this.credit -= length;
  }

  grant(): void {
    const bytes = this.window.topUp();
    if (bytes === 0) return;
    this.grants.push(bytes);
    this.credit += bytes;
  }
}

describe('the window of a channel', () => {
  test('is 2 MiB at first, and stays so while little arrives', () => {
    const connection = new Connection();
    const channel = connection.open();
    expect(channel.credit).toBe(2 * mebibyte);
    for (let second = 0; second < 3600; second++) {
      channel.send(10_000);
      connection.timers.pass(1000);
    }
    expect(channel.credit).toBeLessThanOrEqual(2 * mebibyte);
  });

  test('grows to 8 MiB within three windows that arrive quickly, and no further', () => {
    const connection = new Connection();
    const channel = connection.open();
    channel.send(2 * mebibyte);
    expect(channel.credit).toBeGreaterThan(3 * mebibyte);
    connection.timers.pass(100);
    channel.send(4 * mebibyte);
    connection.timers.pass(100);
    channel.send(200 * mebibyte);
    expect(channel.credit).toBeGreaterThan(7 * mebibyte);
    expect(channel.credit).toBeLessThanOrEqual(largestWindow);
  });

  test('does not grow for a sender that no window holds up: one that needs more than a second for it', () => {
    const connection = new Connection();
    const channel = connection.open();
    for (let tenth = 0; tenth < 1000; tenth++) {
      channel.send(mebibyte / 10);
      connection.timers.pass(100);
    }
    expect(channel.credit).toBeLessThanOrEqual(2 * mebibyte);
  });

  test('goes back when the sender slows down, as soon as what was granted is used up', () => {
    const connection = new Connection();
    const channel = connection.open();
    channel.send(50 * mebibyte);
    expect(channel.credit).toBeGreaterThan(7 * mebibyte);
    for (let second = 0; second < 60; second++) {
      channel.send(mebibyte / 2);
      connection.timers.pass(1000);
    }
    expect(channel.credit).toBeLessThanOrEqual(2 * mebibyte);
  });

  test('goes back when what arrives is not taken: then 2 MiB are granted, whatever came quickly before', () => {
    const channel = new Connection().open();
    channel.send(50 * mebibyte);
    while (channel.credit > 0) {
      channel.arrive(Math.min(receivePacket, channel.credit));
      channel.window.shrink();
    }
    channel.grant();
    expect(channel.credit).toBe(2 * mebibyte);
  });

  test('grants nothing after it went back while more is left than an idle channel gets', () => {
    const channel = new Connection().open();
    channel.send(50 * mebibyte);
    const granted = channel.grants.length;
    channel.arrive(mebibyte);
    channel.window.shrink();
    channel.grant();
    channel.arrive(mebibyte);
    channel.grant();
    expect(channel.grants).toHaveLength(granted);
  });

  test('is topped up in small steps, so that a sender far away does not wait for half of it', () => {
    const channel = new Connection().open();
    channel.send(100 * mebibyte);
    // The steps in which it grows are larger.
    const steady = channel.grants.slice(-100);
    expect(Math.max(...steady)).toBeLessThanOrEqual(mebibyte / 2 + receivePacket);
    expect(Math.min(...channel.grants)).toBeGreaterThanOrEqual(128 * 1024);
  });

  test('one byte more than was granted is told, whatever was granted before', () => {
    const channel = new Connection().open();
    channel.send(50 * mebibyte);
    for (; channel.credit > receivePacket;) channel.arrive(receivePacket);
    expect(channel.window.take(channel.credit + 1)).toBe(false);
    channel.arrive(channel.credit);
    expect(channel.window.take(1)).toBe(false);
  });
});

describe('the channels of a connection [P1]', () => {
  test('ten idle ones have less than 16 MiB together, and one of them can still grow', () => {
    const connection = new Connection();
    for (let count = 0; count < 10; count++) connection.open();
    expect(connection.atStake).toBeLessThan(limit);
    const last = connection.channels[9];
    expect(last?.credit).toBeGreaterThan(mebibyte / 2);
    last?.send(50 * mebibyte);
    expect(last?.credit).toBeGreaterThan(2 * mebibyte);
    expect(connection.atStake).toBeLessThanOrEqual(limit);
  });

  test('ten that all move much share 16 MiB, and none takes all of it', () => {
    const connection = new Connection();
    for (let count = 0; count < 10; count++) connection.open();
    for (let round = 0; round < 400; round++) {
      for (const channel of connection.channels) channel.send(256 * 1024);
      expect(connection.atStake).toBeLessThanOrEqual(limit);
      connection.timers.pass(1);
    }
    for (const { credit } of connection.channels) expect(credit).toBeGreaterThan(mebibyte);
  });

  test('what waits for the disk counts, so that a slow one makes the windows smaller', () => {
    const connection = new Connection();
    const channel = connection.open();
    channel.send(50 * mebibyte);
    while (connection.atStake < limit && connection.waiting < 12 * mebibyte) {
      channel.arrive(receivePacket);
      connection.waiting += receivePacket;
      channel.grant();
    }
    expect(connection.atStake).toBeLessThanOrEqual(limit);
    expect(channel.credit).toBeLessThanOrEqual(2 * mebibyte);
  });

  test('who lets more wait for the disk by the setting does not get smaller windows for it', () => {
    const connection = new Connection(new WindowGrowth(), 64 * mebibyte);
    const channel = connection.open();
    connection.waiting = 60 * mebibyte;
    channel.send(50 * mebibyte);
    expect(channel.credit).toBeGreaterThan(7 * mebibyte);
  });

  test('however many there are, each gets 64 KiB and is granted more when it has used them', () => {
    const connection = new Connection();
    for (let count = 0; count < 1000; count++) connection.open();
    expect(connection.atStake).toBeLessThanOrEqual(limit + 1000 * smallestWindow);
    connection.waiting = 10 * mebibyte;
    for (const channel of connection.channels) channel.send(mebibyte);
    expect(connection.atStake).toBeLessThanOrEqual(limit + 1000 * smallestWindow);
  });

  test('one that is gone gives back what it had, once, and what is still on its way is no violation', () => {
    const connection = new Connection();
    const [gone, other] = [connection.open(), connection.open()];
    gone.send(50 * mebibyte);
    const left = gone.credit;
    gone.window.close();
    gone.window.close();
    expect(gone.window.take(left)).toBe(true);
    expect(gone.window.take(1)).toBe(false);
    other.send(100 * mebibyte);
    expect(other.credit).toBeGreaterThan(7 * mebibyte);
    expect(connection.open().credit).toBe(mebibyte);
  });
});

test('the windows of a whole process grow within a limit of their own, and idle ones do not count in it', () => {
  const growth = new WindowGrowth(limit);
  for (let count = 0; count < 100; count++) new Connection(growth).open();
  const busy = Array.from({ length: 20 }, () => new Connection(growth).open());
  for (let round = 0; round < 40; round++) for (const channel of busy) channel.send(mebibyte);
  const grown = busy.reduce((sum, { credit }) => sum + Math.max(0, credit - idleWindow), 0);
  expect(grown).toBeGreaterThan(limit / 2);
  expect(grown).toBeLessThanOrEqual(limit);
  for (const channel of busy) channel.window.close();
  const alone = new Connection(growth).open();
  alone.send(50 * mebibyte);
  expect(alone.credit).toBeGreaterThan(7 * mebibyte);
});
