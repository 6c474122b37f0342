import { describe } from 'vitest';
import { fileContract } from './vfs-files.js';
import { listingContract } from './vfs-listings.js';
import { nameContract } from './vfs-names.js';
import { VfsWork, type VfsUnderTest } from './vfs-work.js';

export type { VfsUnderTest } from './vfs-work.js';

/** What every filesystem of the product does alike, whatever it is made of. */
export function vfsContract(name: string, make: () => Promise<VfsUnderTest>): void {
  describe(`Vfs contract: ${name}`, () => {
    const work = new VfsWork(make);
    fileContract(work);
    nameContract(work);
    listingContract(work);
  });
}
