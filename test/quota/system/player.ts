import type { ByteString } from '../../../src/names.js';
import type { Reply } from '../../../src/wire/codec.js';
import type { WireClient } from '../../interop/wire-client.js';
import type { Asked } from '../../sftp/session-pair.js';
import type { Expectations, ModelHandle, Outcome, Plan } from './home-model.js';
import type { Session } from './session.js';
import type { Step } from './steps.js';

/** What the server says where a line is reached (design 5). */
export const quotaSentence =
  /^quota exceeded: (?:[\d.]+ [KMGTP]?B of [\d.]+ [KMGTP]?B used, [\d.]+ [KMGTP]?B|\d+ of \d+ files used, \d+) more needed$/;

/** Sentences for what should not happen to anybody whose server lives. */
export const troubles = /busy|cancelled|^failure$/;

const busy = 'busy, try again';

interface OpenHandle {
  readonly id: ByteString;
  readonly model: ModelHandle;
}

/** Handles that a session has at once, at most. */
const mostHandles = 8;

/** Does steps in one session, and holds each answer against what a model expects. */
export class Player {
  readonly #session: Session;
  readonly #model: Expectations;
  readonly #prefix: string;
  #handles: OpenHandle[] = [];

  /** @param prefix the folder in which the model's root lies, with its slash at the end; empty for the home itself */
  constructor(session: Session, model: Expectations, prefix = '') {
    this.#session = session;
    this.#model = model;
    this.#prefix = prefix;
    session.whenEnded(() => {
      for (const handle of this.#handles) model.close(handle.model);
      this.#handles = [];
    });
  }

  /**
   * Does a step; the model follows.
   * @returns `null` when there was nothing to do: no open handle, say
   * @throws Error when the answer is none that the model allows
   */
  async play(step: Step): Promise<Outcome | null> {
    if (step.do === 'open') return this.#open(step.path, step.flags);
    if (step.do === 'upload') return this.#upload(step.path, step.name, step.size);
    if (step.do === 'close') return this.#close(step.handle);
    if (step.do === 'disconnect') {
      await this.#session.reconnect();
      return 'done';
    }
    const told = this.#request(step);
    return told && this.#ask(step, told.plan, told.request);
  }

  /** Closes what is open, one by one. */
  async closeAll(): Promise<void> {
    while (this.#handles.length > 0) await this.play({ do: 'close', handle: 0 });
  }

  get #client(): WireClient {
    return this.#session.client;
  }

  #pick(number: number): OpenHandle | null {
    return this.#handles[number % Math.max(1, this.#handles.length)] ?? null;
  }

  #take(number: number): OpenHandle | null {
    const handle = this.#pick(number);
    this.#handles = this.#handles.filter((other) => other !== handle);
    return handle;
  }

  async #open(path: string, flags: number): Promise<Outcome | null> {
    if (this.#handles.length >= mostHandles) return null;
    const plan = this.#model.open(path, flags);
    const reply = await this.#client.ask({ kind: 'open', path: this.#at(path), flags, attrs: {} });
    const outcome = this.#outcome(reply, plan);
    judge({ do: 'open', path, flags }, plan, outcome, reply);
    if (reply.kind === 'handle') this.#handles.push({ id: reply.handle, model: plan.handle() });
    return outcome;
  }

  async #close(number: number): Promise<Outcome | null> {
    const handle = this.#take(number);
    if (!handle) return null;
    await this.#client.close(handle.id);
    this.#model.close(handle.model);
    return 'done';
  }

  /** The request of a step that is answered by STATUS, and what the model says of it. */
  #request(
    step: Exclude<Step, { readonly do: 'open' | 'close' | 'disconnect' | 'upload' }>,
  ): { readonly plan: Plan; readonly request: Asked } | null {
    const model = this.#model;
    switch (step.do) {
      case 'write':
      case 'extend':
      case 'fill':
      case 'fsetstat':
      case 'copy-data':
        return this.#byHandle(step);
      case 'setstat': {
        const kind = step.follow ? 'setstat' : 'lsetstat@openssh.com';
        const request: Asked = { kind, path: this.#at(step.path), attrs: { size: step.size } };
        return { plan: model.resizePath(step.path, step.size, step.follow), request };
      }
      case 'mkdir':
        return {
          plan: model.mkdir(step.path),
          request: { kind: 'mkdir', path: this.#at(step.path), attrs: {} },
        };
      case 'rmdir':
        return { plan: model.rmdir(step.path), request: { kind: 'rmdir', path: this.#at(step.path) } };
      case 'remove':
        return { plan: model.remove(step.path), request: { kind: 'remove', path: this.#at(step.path) } };
      case 'symlink': {
        // In the order of the draft, as the server expects it of this client [PROTOCOL 3.2].
        const request: Asked = { kind: 'symlink', first: this.#at(step.path), second: step.target };
        return { plan: model.symlink(step.path, step.target), request };
      }
      case 'link': {
        const [existing, name] = [this.#at(step.path), this.#at(step.to)];
        const request: Asked = { kind: 'hardlink@openssh.com', existing, name };
        return { plan: model.link(step.path, step.to), request };
      }
      case 'rename': {
        const [from, to] = [this.#at(step.path), this.#at(step.to)];
        const kind = step.replace ? 'posix-rename@openssh.com' : 'rename';
        return { plan: model.rename(step.path, step.to, step.replace), request: { kind, from, to } };
      }
      case 'copy-file': {
        const { overwrite } = step;
        const [from, to] = [this.#at(step.path), this.#at(step.to)];
        const plan = model.copyFile(step.path, step.to, overwrite);
        return { plan, request: { kind: 'copy-file', from, to, overwrite } };
      }
    }
  }

  #byHandle(
    step: Extract<Step, { readonly do: 'write' | 'extend' | 'fill' | 'fsetstat' | 'copy-data' }>,
  ): { readonly plan: Plan; readonly request: Asked } | null {
    const handle = this.#pick(step.handle);
    if (!handle) return null;
    const { id, model: opened } = handle;
    const model = this.#model;
    switch (step.do) {
      case 'write':
        return {
          plan: model.write(opened, step.offset, step.length),
          request: write(id, step.offset, step.length),
        };
      case 'extend': {
        const offset = opened.file.size;
        return { plan: model.write(opened, offset, step.length), request: write(id, offset, step.length) };
      }
      case 'fill': {
        const size = opened.file.size + Math.max(0, model.room()) + step.over;
        return {
          plan: model.resize(opened, size),
          request: { kind: 'fsetstat', handle: id, attrs: { size } },
        };
      }
      case 'fsetstat': {
        const { size } = step;
        return {
          plan: model.resize(opened, size),
          request: { kind: 'fsetstat', handle: id, attrs: { size } },
        };
      }
      case 'copy-data': {
        const from = this.#pick(step.from);
        if (!from) return null;
        const { fromOffset, length, offset } = step;
        return {
          plan: model.copyData(from.model, fromOffset, length, opened, offset),
          request: { kind: 'copy-data', from: from.id, fromOffset, length, to: id, toOffset: offset },
        };
      }
    }
  }

  async #ask(step: Step, plan: Plan, request: Asked): Promise<Outcome> {
    const reply = await this.#client.ask(request);
    const outcome = this.#outcome(reply, plan);
    judge(step, plan, outcome, reply);
    if (outcome === 'done') plan.commit();
    return outcome;
  }

  /** `scp -O`. */
  async #upload(path: string, name: string, size: number): Promise<Outcome | null> {
    const plan = this.#model.upload(path, name, size);
    if (!plan) return null;
    const sent = Buffer.concat([
      Buffer.from(`C0644 ${size} ${name}\n`),
      Buffer.alloc(size, 'x'),
      Buffer.from([0]),
    ]);
    const { status, stdout, stderr } = await this.#session.exec(`scp -t ${this.#at(path)}`, sent);
    const outcome = status === 0 ? 'done' : plan.allowed.includes('quota') ? 'quota' : 'refused';
    judge({ do: 'upload', path, name, size }, plan, outcome, {
      status,
      stdout: stdout.toString('latin1'),
      stderr,
    });
    if (outcome === 'done') plan.commit();
    return outcome;
  }

  #outcome(reply: Reply, { mayBeBusy = false }: Plan): Outcome {
    if (reply.kind !== 'status' || reply.code === 0) return 'done';
    const { message } = reply;
    if (quotaSentence.test(message)) return 'quota';
    const excused = this.#model.troubled || (mayBeBusy && message === busy);
    if (!excused && troubles.test(message)) throw new Error(`the server is in trouble: ${message}`);
    return 'refused';
  }

  #at(path: string): string {
    return `${this.#prefix}${path}`;
  }
}

function write(handle: ByteString, offset: number, length: number): Asked {
  return { kind: 'write', handle, offset, data: [Buffer.alloc(length, 'w')], length };
}

function judge(step: Step, { allowed }: Pick<Plan, 'allowed'>, outcome: Outcome, answer: unknown): void {
  if (allowed.includes(outcome)) return;
  const [asked, told] = [JSON.stringify(step), JSON.stringify(answer)];
  throw new Error(`${asked} was to be ${allowed.join(' or ')}, and was ${outcome}: ${told}`);
}
