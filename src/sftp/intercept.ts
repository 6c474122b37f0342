import type { Request } from '../wire/codec.js';

/** A packet whose id could be read and nothing else that makes sense. */
export interface Malformation {
  readonly kind: 'malformed';
  readonly id: number;
}

/** Whatever a session answers, one reply each; INIT is not among it. */
export type SessionRequest = Exclude<Request, { readonly kind: 'init' }> | Malformation;

/**
 * Stands round the answering of each request of a session, where servers for tests record and misbehave. `answer` does
 * what was asked, once however often it is called, and gives the reply, a STATUS where it failed; it never rejects.
 *
 * What is returned is sent in its place in the order: a reply for the same id, no longer than the request's largest. A
 * `Fault` that is thrown becomes its STATUS as any other; whatever else goes wrong becomes `failure`. The reply that
 * `answer` gave must not be kept: its bytes are used again. `signal` aborts when the session is gone.
 */
export type Intercept = (
  request: SessionRequest,
  answer: () => Promise<Buffer>,
  signal: AbortSignal,
) => Buffer | Promise<Buffer>;
