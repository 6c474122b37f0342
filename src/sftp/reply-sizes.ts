import { maxIds } from '../wire/limits.js';

/** A NAME reply of READDIR stays below what clients without `limits@openssh.com` take as one packet (34,000 bytes). */
export const maxListingReply = 32_768;

/** Room for every reply that is not DATA, NAME or hashes: a STATUS with its sentence, ATTRS, a handle, counters. */
export const smallReply = 1_024;

/** A reply with one path in it, twice (filename and longname). */
export const pathReply = 2 * 4_096 + smallReply;

/** Two lists of as many names as may be asked for, each an account's: 64 bytes at most, and its length. */
export const namesReply = 2 * maxIds * (64 + 4) + smallReply;
