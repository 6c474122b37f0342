const bitsEach = 32;
const leastSlots = 64;
/** Of the slots; above it the table is doubled. */
const fullAt = 0.7;

/**
 * Numbers of inodes. 32 that follow each other share one slot of 12 bytes: about half a byte each as filesystems number
 * files that are made together, 17 to 35 bytes where no two are near each other.
 */
export class InodeSet {
  /** Of each slot: the number of its 32 inodes, and which of them are in. A slot without any is free. */
  #blocks = new Float64Array(leastSlots);
  #bits = new Uint32Array(leastSlots);
  #used = 0;

  has(inode: number): boolean {
    return ((this.#bits[this.#slotOf(Math.floor(inode / bitsEach))] ?? 0) & bitOf(inode)) !== 0;
  }

  /** @returns whether it is new */
  add(inode: number): boolean {
    const block = Math.floor(inode / bitsEach);
    const slot = this.#slotOf(block);
    const bits = this.#bits[slot] ?? 0;
    if ((bits & bitOf(inode)) !== 0) return false;
    this.#blocks[slot] = block;
    this.#bits[slot] = bits | bitOf(inode);
    if (bits === 0 && ++this.#used > this.#bits.length * fullAt) this.#double();
    return true;
  }

  /** Where a block is, or would be. */
  #slotOf(block: number): number {
    const last = this.#bits.length - 1;
    let slot = hash(block) & last;
    while (this.#bits[slot] !== 0 && this.#blocks[slot] !== block) slot = (slot + 1) & last;
    return slot;
  }

  #double(): void {
    const [blocks, bits] = [this.#blocks, this.#bits];
    this.#blocks = new Float64Array(2 * bits.length);
    this.#bits = new Uint32Array(2 * bits.length);
    for (const [index, some] of bits.entries()) {
      if (some === 0) continue;
      const block = blocks[index] ?? 0;
      const slot = this.#slotOf(block);
      this.#blocks[slot] = block;
      this.#bits[slot] = some;
    }
  }
}

function bitOf(inode: number): number {
  return 1 << (inode % bitsEach);
}

/** Spreads what lies close together, and numbers that differ in their upper halves alone (XFS has such). */
function hash(block: number): number {
  let mixed = block ^ Math.imul(Math.floor(block / 2 ** 32), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
