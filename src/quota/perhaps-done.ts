import { Fault } from '../fault.js';

/** After an owner died over a change, its result may be what stands in the way of doing it again. */
export function perhapsDone(thrown: unknown): unknown {
  const done = thrown instanceof Fault && (thrown.code === 'exists' || thrown.code === 'not-found');
  return done
    ? new Fault('busy', 'the server process that did this ended meanwhile: look whether it is done')
    : thrown;
}
