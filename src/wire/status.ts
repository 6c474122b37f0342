/** SSH_FX codes. Version 3 knows these nine and clients of it break on any other. [filexfer-02 7] */
export const statusCodes = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  opUnsupported: 8,
} as const;

export type StatusCode = (typeof statusCodes)[keyof typeof statusCodes];
