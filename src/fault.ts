/**
 * The product's own vocabulary of what can go wrong. Every room throws a `Fault`; what it becomes on the wire, as
 * an HTTP status or as an exit code is decided once for each, in a map that does not compile while a code is missing
 * from it (`sftp/fault-to-status.ts`, `cli/exit.ts`).
 */
export const faultCodes = [
  'not-found',
  'denied',
  'read-only',
  'exists',
  'not-a-folder',
  'is-a-folder',
  'not-a-file',
  'not-empty',
  'loop',
  'bad-name',
  'name-too-long',
  'different-home',
  'quota',
  'no-space',
  'too-many',
  'busy',
  'end-of-file',
  'bad-handle',
  'bad-message',
  'unsupported',
  'invalid',
  'cancelled',
  'login-refused',
  'no-connection',
  'wrong-host-key',
  'timed-out',
  'verification-failed',
  'some-failed',
  'failure',
] as const;

export type FaultCode = (typeof faultCodes)[number];

/** The sentence shown when whoever raised the fault had nothing more exact to say. */
const sentences: Readonly<Record<FaultCode, string>> = {
  'not-found': 'no such file or folder',
  denied: 'permission denied',
  'read-only': 'this account may only read',
  exists: 'that name exists already',
  'not-a-folder': 'not a folder',
  'is-a-folder': 'is a folder',
  'not-a-file': 'not a regular file',
  'not-empty': 'the folder is not empty',
  loop: 'too many symbolic links',
  'bad-name': 'that name cannot be used',
  'name-too-long': 'the name is too long',
  'different-home': 'different home: copy and delete instead',
  quota: 'quota exceeded',
  'no-space': "no space on the server's disk",
  'too-many': 'too many open at once',
  busy: 'busy, try again',
  'end-of-file': 'end of file',
  'bad-handle': 'no such handle',
  'bad-message': 'malformed message',
  unsupported: 'not supported',
  invalid: 'invalid value',
  cancelled: 'cancelled',
  'login-refused': 'login refused',
  'no-connection': 'no connection to the server',
  'wrong-host-key': "the server's host key is not the one that is known",
  'timed-out': 'no answer in time',
  'verification-failed': 'what arrived is not what was sent',
  'some-failed': 'some of several failed',
  failure: 'failure',
};

/** What a fault of that kind says where nobody had a more exact sentence. */
export function sentenceOf(code: FaultCode): string {
  return sentences[code];
}

/**
 * An outcome that is not success. `message` reaches the person at the other end, so it holds no host path and no
 * secret; what only an operator may see goes into `cause`, which is logged.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string = sentences[code], options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Anything thrown, as a `Fault`. What is not one already becomes `failure` with a text that gives nothing away. */
export function toFault(thrown: unknown): Fault {
  return thrown instanceof Fault ? thrown : new Fault('failure', undefined, { cause: thrown });
}
