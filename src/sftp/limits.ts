/** Payload bytes of the largest packet in either direction, as OpenSSH's server has it [PROTOCOL 4.8]. */
export const maxPacketLength = 262_144;

/** Largest READ and WRITE: the largest packet less 1 KiB for its head. */
export const maxBlock = 261_120;

/** A NAME reply of READDIR stays below what clients without `limits@openssh.com` take as one packet (34,000 bytes). */
export const maxListingReply = 32_768;

/** Room for every reply that is not DATA, NAME or hashes: a STATUS with its sentence, ATTRS, a handle, counters. */
export const smallReply = 1_024;

/** A reply with one path in it, twice (filename and longname). */
export const pathReply = 2 * 4_096 + smallReply;
