import type { Authenticator, Decision, Login, LoginMethod, Peer } from '../auth/authenticator.js';
import { toText, type ByteString } from '../names.js';
import { fingerprint } from '../publickey/public-key.js';
import { fits } from '../publickey/signature.js';
import { SshReader } from '../publickey/ssh-strings.js';
import type { Reader } from '../wire/reader.js';
import {
  disconnectCode,
  fieldsOf,
  maxName,
  message,
  payload,
  utf8,
  Violation,
  type DisconnectCode,
} from './messages.js';

/** Attempts that may wait for the one that is being decided. */
const maxWaiting = 10;

/** Questions whether a key would do, for each try: agents hold many keys, and asking proves nothing. */
const probesPerTry = 4;

const maxUser = 255;
const maxPassword = 1024;
/** An RSA key of 16,384 bits takes about 2 KiB. */
const maxBlob = 8 * 1024;

export interface UserAuthOptions {
  readonly authenticator: Authenticator;
  readonly peer: Omit<Peer, 'gone'>;
  readonly tries: number;
  /** What signatures cover. [RFC 4252 7] */
  readonly sessionId: () => Buffer;
  /** Runs what is not called by the transport; what it throws ends the connection. */
  guard(run: () => void): void;
  send(bytes: Buffer): void;
  refuse(code: DisconnectCode, sentence: string): void;
  failed(attempt: FailedAttempt): void;
  /** Called with the answer still to be sent: the login counts once `accept` is called. */
  granted(login: Login, accept: () => void): void;
}

export interface FailedAttempt {
  /** Readable, however the client spelt it. */
  readonly user: string;
  readonly method: string;
  readonly fingerprint: string | null;
  readonly reason: string;
}

interface Attempt {
  readonly user: string;
  readonly method: string;
  readonly fingerprint: string | null;
  /** Whether it counts as a guess, or only asks. */
  readonly kind: 'question' | 'probe' | 'guess';
  readonly decide: () => Promise<Decision>;
  /** The answer to a probe that found its key. */
  readonly keyWouldDo?: Buffer;
}

/**
 * The authentication protocol [RFC 4252]: reads requests, asks the authenticator, answers each in the order it came.
 * ssh2's own has no part in it. No answer depends on an earlier request; whose name changes is cut off.
 */
export class UserAuth {
  readonly #options: UserAuthOptions;
  readonly #gone = new AbortController();
  readonly #peer: Peer;
  readonly #waiting: Attempt[] = [];
  #serviceGranted = false;
  #user: Buffer | null = null;
  #busy = false;
  #done = false;
  #tries = 0;
  #probes = 0;

  constructor(options: UserAuthOptions) {
    this.#options = options;
    this.#peer = { ...options.peer, gone: this.#gone.signal };
  }

  /** @throws Violation or Malformed, and the connection ends */
  take(type: number, bytes: Buffer): boolean {
    switch (type) {
      case message.serviceRequest:
        this.#serviceRequest(fieldsOf(bytes));
        return true;
      case message.userauthRequest:
        this.#request(bytes);
        return true;
      default:
        return false;
    }
  }

  /** Answers nothing any more. */
  close(): void {
    this.#done = true;
    this.#waiting.length = 0;
    this.#gone.abort();
  }

  #serviceRequest(fields: Reader): void {
    const name = fields.byteString(maxName);
    if (name !== 'ssh-userauth' || this.#serviceGranted) {
      this.#options.refuse(disconnectCode.serviceNotAvailable, 'no such service');
      return;
    }
    this.#serviceGranted = true;
    this.#options.send(payload(message.serviceAccept, (writer) => writer.string(utf8(name))));
  }

  #request(bytes: Buffer): void {
    if (!this.#serviceGranted) throw new Violation('a login without the service asked for');
    if (this.#done) return;
    const fields = fieldsOf(bytes);
    const user = fields.string(bytes.length);
    const service = fields.byteString(maxName);
    const method = fields.byteString(maxName);
    if (this.#user && !this.#user.equals(user)) throw new Violation('the user name changed between attempts');
    // A copy: the view would keep the whole chunk from the socket.
    this.#user ??= Buffer.from(user);
    if (service !== 'ssh-connection') {
      this.#options.refuse(disconnectCode.serviceNotAvailable, 'no such service');
      return;
    }
    if (this.#waiting.length >= maxWaiting) throw new Violation('too many login attempts at once');
    this.#waiting.push(this.#attempt(this.#user, method, fields, bytes));
    void this.#work();
  }

  #attempt(name: Buffer, method: ByteString, fields: Reader, bytes: Buffer): Attempt {
    const { authenticator } = this.#options;
    const peer = this.#peer;
    const user = acceptableUser(name);
    const base = { user: shownUser(name), method: shortened(method), fingerprint: null };
    const refused = (kind: Attempt['kind'], reason: string): Attempt => ({
      ...base,
      kind,
      decide: () => Promise.resolve({ granted: false, reason }),
    });
    switch (method) {
      case 'none':
        if (user === null) return refused('question', 'not a user name');
        return { ...base, kind: 'question', decide: () => authenticator.none(user, peer) };
      case 'password': {
        const changes = fields.u8() !== 0;
        const password = fields.string(bytes.length);
        if (changes) return refused('guess', 'asked to change the password');
        if (password.length > maxPassword) return refused('guess', 'the password is too long');
        if (user === null) return refused('guess', 'not a user name');
        const text = password.toString('utf8');
        return { ...base, kind: 'guess', decide: () => authenticator.password(user, text, peer) };
      }
      case 'publickey':
        return this.#publicKey(base, user, fields, bytes, refused);
      default:
        return refused('question', 'a method that is not offered');
    }
  }

  #publicKey(
    base: Pick<Attempt, 'user' | 'method'>,
    user: string | null,
    fields: Reader,
    bytes: Buffer,
    refused: (kind: Attempt['kind'], reason: string) => Attempt,
  ): Attempt {
    const signed = fields.u8() !== 0;
    const algorithm = fields.byteString(maxName);
    const blob = Buffer.from(fields.string(bytes.length));
    const kind = signed ? 'guess' : 'probe';
    const covered = bytes.subarray(0, bytes.length - fields.left);
    const signature = signed ? Buffer.from(fields.string(bytes.length)) : null;
    if (fields.left > 0) return refused(kind, 'bytes behind the request');
    if (user === null) return refused(kind, 'not a user name');
    if (blob.length > maxBlob) return refused(kind, 'the key is too long');
    if (!fits(algorithm, typeOf(blob))) {
      return refused(kind, `a key of ${shortened(algorithm)} is not accepted`);
    }
    const { authenticator } = this.#options;
    const peer = this.#peer;
    const attempt = { ...base, fingerprint: fingerprint(blob), kind } as const;
    if (!signature) {
      return {
        ...attempt,
        decide: () => authenticator.publickey(user, { algorithm, blob }, peer),
        // With the algorithm that was asked about: strict clients refuse any other. [RFC 4252 7]
        keyWouldDo: payload(message.userauthPkOk, (writer) => {
          writer.byteString(algorithm);
          writer.string(blob);
        }),
      };
    }
    const length = Buffer.alloc(4);
    const id = this.#options.sessionId();
    length.writeUInt32BE(id.length);
    const proof = { signed: Buffer.concat([length, id, covered]), signature };
    return { ...attempt, decide: () => authenticator.publickey(user, { algorithm, blob, proof }, peer) };
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let attempt = this.#waiting.shift(); attempt; attempt = this.#waiting.shift()) {
      let decision: Decision;
      try {
        decision = await attempt.decide();
      } catch (error) {
        decision = { granted: false, reason: `could not be decided: ${String(error)}` };
      }
      // The connection may be gone, or another attempt of the same turn may have logged in.
      if (this.#isDone()) return;
      this.#options.guard(() => this.#answer(attempt, decision));
      if (this.#isDone()) return;
    }
    this.#busy = false;
  }

  #isDone(): boolean {
    return this.#done;
  }

  #answer(attempt: Attempt, decision: Decision): void {
    const options = this.#options;
    if (decision.granted) {
      // A probe proves nothing, whatever it is answered.
      if (attempt.kind === 'probe') {
        if (attempt.keyWouldDo) options.send(attempt.keyWouldDo);
        this.#count(attempt);
        return;
      }
      this.close();
      options.granted(decision.login, () => options.send(payload(message.userauthSuccess)));
      return;
    }
    if (attempt.method !== 'none') {
      options.failed({
        user: attempt.user,
        method: attempt.method,
        fingerprint: attempt.fingerprint,
        reason: decision.reason,
      });
    }
    if (decision.tell !== undefined) options.send(banner(decision.tell));
    options.send(failure(options.authenticator.methods(attempt.user)));
    this.#count(attempt);
  }

  #count(attempt: Attempt): void {
    if (attempt.kind === 'guess') this.#tries++;
    else this.#probes++;
    const { tries } = this.#options;
    if (this.#tries < tries && this.#probes < tries * probesPerTry) return;
    this.close();
    this.#options.refuse(disconnectCode.noMoreAuthMethods, 'too many login attempts');
  }
}

/** The name as the authenticator may be asked for it, or `null` where it cannot be anybody's. */
function acceptableUser(user: Buffer): string | null {
  if (user.length === 0 || user.length > maxUser) return null;
  const text = user.toString('utf8');
  return /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd/\\]+$/u.test(text) ? text : null;
}

/** One short line, whatever was sent. */
function shownUser(user: Buffer): string {
  return toText(user.toString('latin1', 0, maxUser));
}

/** A name off the wire, for the log. */
function shortened(name: ByteString): string {
  return toText(name.slice(0, 64));
}

/** What kind of key a blob says it is; '' when it says nothing. */
function typeOf(blob: Buffer): string {
  try {
    return new SshReader(blob).text();
  } catch {
    return '';
  }
}

/** [RFC 4252 5.1]; `none` may not be named. */
function failure(methods: readonly LoginMethod[]): Buffer {
  return payload(message.userauthFailure, (writer) => {
    writer.string(utf8(methods.filter((method) => method !== 'none').join(',')));
    writer.u8(0);
  });
}

/** [RFC 4252 5.4] */
function banner(sentence: string): Buffer {
  return payload(message.userauthBanner, (writer) => {
    writer.string(utf8(`${sentence}\r\n`));
    writer.string(utf8(''));
  });
}
