import { toFault } from '../fault.js';
import type { ByteString } from '../names.js';
import { faultToStatus } from '../sftp/fault-to-status.js';
import type { Intercept, SessionRequest } from '../sftp/intercept.js';
import { answerOf } from './answer.js';
import type { OperationFaults } from './operation-faults.js';
import type { Recorder } from './request-record.js';
import { detailsOf, type SeenRequest } from './seen-request.js';

export interface WatchedSession {
  /** What its requests are noted under. */
  readonly session: string;
  readonly account: string;
  /** The client's identification string. */
  readonly client: string;
}

/** Stands round one session's requests: notes each, and lets the faults answer first. */
export function watched(
  { session, account, client }: WatchedSession,
  recorder: Recorder,
  faults: OperationFaults,
): Intercept {
  /** Paths by the handles that the client was given. */
  const opened = new Map<ByteString, string>();
  const opens = (request: SessionRequest): boolean => request.kind === 'open' || request.kind === 'opendir';
  return async (request, answer, signal) => {
    const seen: SeenRequest = {
      session,
      account,
      at: new Date(),
      operation: request.kind,
      id: request.id,
      ...detailsOf(request, client, (handle) => opened.get(handle)),
    };
    const answered = recorder.note(seen);
    const performed = (): Promise<Buffer> => {
      // A handle whose CLOSE is refused stays open.
      if (request.kind === 'close') opened.delete(request.handle);
      return answer();
    };
    try {
      const reply = await faults.answer(seen, performed, signal);
      const { answer: told, handle } = answerOf(reply);
      if (handle !== null && opens(request)) opened.set(handle, seen.path ?? '');
      answered(told);
      return reply;
    } catch (thrown) {
      answered(answerOf(faultToStatus(request.id, toFault(thrown))).answer);
      throw thrown;
    }
  };
}
