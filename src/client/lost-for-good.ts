import { Fault, type FaultCode } from '../fault.js';

const codes: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'cancelled',
  'no-connection',
  'timed-out',
  'login-refused',
  'wrong-host-key',
]);

/** Whether a link's fault says that nothing else can be asked of the server either, or that nobody wants it any more. */
export function lostForGood(thrown: unknown): boolean {
  return thrown instanceof Fault && codes.has(thrown.code);
}
