/** SSH_FXF flags of OPEN. [filexfer-02 6.3] */
export const openFlags = {
  read: 1,
  write: 2,
  append: 4,
  create: 8,
  truncate: 16,
  exclusive: 32,
} as const;
