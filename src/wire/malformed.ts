import { Fault } from '../fault.js';

/**
 * Bytes that are not the packet they claim to be. `id` is the request's own where it could be read, so that the
 * answer reaches the request; `null` where not even the frame can be trusted, and the session has to end.
 */
export class Malformed extends Fault {
  readonly id: number | null;

  constructor(id: number | null, message?: string) {
    super('bad-message', message);
    this.id = id;
  }
}
