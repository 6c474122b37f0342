import type { Fault, FaultCode } from '../fault.js';
import { encodeStatus } from '../wire/codec.js';
import { statusCodes, type StatusCode } from '../wire/status.js';

/**
 * What each fault is in SFTP version 3 [filexfer-02 7]. Only the codes 0-8 are used: clients of version 3 hang or
 * quit on later ones, so a full home is FAILURE and the text says why.
 */
const statuses: Readonly<Record<FaultCode, StatusCode>> = {
  'not-found': statusCodes.noSuchFile,
  denied: statusCodes.permissionDenied,
  'read-only': statusCodes.permissionDenied,
  exists: statusCodes.failure,
  'not-a-folder': statusCodes.noSuchFile,
  'is-a-folder': statusCodes.failure,
  'not-a-file': statusCodes.failure,
  'not-empty': statusCodes.failure,
  loop: statusCodes.noSuchFile,
  'bad-name': statusCodes.failure,
  'name-too-long': statusCodes.failure,
  'different-home': statusCodes.failure,
  quota: statusCodes.failure,
  'no-space': statusCodes.failure,
  'too-many': statusCodes.failure,
  busy: statusCodes.failure,
  'end-of-file': statusCodes.eof,
  'bad-handle': statusCodes.failure,
  'bad-message': statusCodes.badMessage,
  unsupported: statusCodes.opUnsupported,
  invalid: statusCodes.failure,
  cancelled: statusCodes.failure,
  'login-refused': statusCodes.permissionDenied,
  'no-connection': statusCodes.failure,
  'wrong-host-key': statusCodes.failure,
  'timed-out': statusCodes.failure,
  'verification-failed': statusCodes.failure,
  'some-failed': statusCodes.failure,
  failure: statusCodes.failure,
};

/** Chars of a sentence: some quote what the client sent. Even at three bytes each they fit a small reply. */
const longestSentence = 300;

/** The STATUS reply that tells `fault`. */
export function faultToStatus(id: number, fault: Fault): Buffer {
  return encodeStatus(id, statuses[fault.code], fault.message.slice(0, longestSentence));
}

/** The STATUS reply of a success. */
export function success(id: number): Buffer {
  return encodeStatus(id, statusCodes.ok, '');
}
