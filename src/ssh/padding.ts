import { randomFillSync } from 'node:crypto';
import type { Cipher } from './internals.js';

const pool = Buffer.allocUnsafe(64 * 1024);
let used = pool.length;

/** Random bytes that were never handed out before. */
function pooled(target: Buffer, start: number, length: number): void {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(target, start, used, used + length);
  used += length;
}

/** A multiple of every block length there is. */
const period = 16;
const headLength = 5;

/**
 * Gives a cipher an `allocPacket` that takes its padding from a pool: ssh2 asks the kernel for a few random bytes for
 * every packet, which was 13 % of a download's CPU. The padding stays random and used once.
 */
export function poolPadding(cipher: Cipher): void {
  // How much padding there is depends on cipher and MAC and repeats with the block length: asked for once, not copied.
  const paddings: number[] = [];
  let tail = 0;
  for (let payload = 0; payload < period; payload++) {
    const packet = cipher.allocPacket(payload);
    const padding = packet.readUInt8(4);
    paddings.push(padding);
    tail = packet.length - headLength - payload - padding;
  }
  cipher.allocPacket = (payload) => {
    const padding = paddings[payload % period] ?? 0;
    const length = headLength + payload + padding;
    const packet = Buffer.allocUnsafe(length + tail);
    packet.writeUInt32BE(length - 4, 0);
    packet.writeUInt8(padding, 4);
    pooled(packet, headLength + payload, padding);
    return packet;
  };
}
