/** Bytes of a packet after its uint32 length, as OpenSSH's programs allow: 256 KiB. [PROTOCOL 2.1] */
export const maxPacket = 262_144;

/** Bytes of the uint32 before each packet. [filexfer-02 3] */
export const lengthSize = 4;

/** The largest READ and WRITE that `limits@openssh.com` grants, in bytes. [PROTOCOL 2.1] */
export const maxBlock = 261_120;

/** [filexfer-02 7] */
export const maxHandleLength = 256;

/** No filesystem takes a path as long; what is longer is no path at all. [PROTOCOL 2.2] */
export const maxPathLength = 65_535;

/** Names of extensions, hash algorithms, users. [PROTOCOL 2.2] */
export const maxWordLength = 1_024;

/** Ids in one list of `users-groups-by-id@openssh.com`. [PROTOCOL 2.2] */
export const maxIds = 4_096;
