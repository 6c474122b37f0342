import { maxPacket } from '../wire/limits.js';

/** A NAME reply of READDIR stays below what clients without `limits@openssh.com` take as one packet (34,000 bytes). */
export const maxListingReply = 32_768;

/** Room for every reply that is not DATA, NAME or hashes: a STATUS with its sentence, ATTRS, a handle, counters. */
export const smallReply = 1_024;

/** Bytes of a path in a reply; through symbolic links an account can make longer ones, which are refused. */
export const longestPath = 4_096;

/** A reply with one path in it, twice (filename and longname). */
export const pathReply = 2 * longestPath + smallReply;

/** A name for each id, every one the account's: 64 bytes at most, and its length. */
export function namesReply(ids: number): number {
  return ids * (64 + 4) + smallReply;
}

/** One hash, or as many as fit a packet. */
export function hashesReply({ blockSize }: { readonly blockSize: number }): number {
  return blockSize === 0 ? smallReply : maxPacket;
}
