/**
 * Which requests may run side by side, and in which order their replies leave. It knows no files: a lane names what
 * a task touches, a reply is bytes.
 *
 * Two tasks conflict when either is exclusive and their lanes meet: lanes of different keys never meet, the lane
 * without a key meets every lane. A task starts once no earlier task it conflicts with is unfinished, so whatever a
 * client sends without waiting (WRITE, WRITE, CLOSE, SETSTAT) ends as if done one by one. Replies leave in request
 * order [filexfer-02 3.1, T1]: OpenSSH's client resumes by the last acknowledged offset.
 */
export interface Lane {
  /** What is touched: one handle, or everything (`null`). */
  readonly key: object | null;
  readonly exclusive: boolean;
}

/** Does the work and gives the reply; it handles its own faults and never rejects. */
export type Task = () => Buffer | Promise<Buffer>;

interface Slot {
  readonly lane: Lane;
  readonly task: Task;
  readonly reserved: number;
  state: 'waiting' | 'running' | 'done';
  reply: Buffer | null;
}

export interface PipelineOptions {
  /** Tasks that run at once. */
  readonly width: number;
  /** Takes the next reply in order; `reserved` is what was set aside for it when its request was taken. */
  readonly send: (reply: Buffer, reserved: number) => void;
  /** A task broke its promise and rejected; the session cannot go on. */
  readonly broken: (cause: unknown) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  /** Unsent tasks in request order. */
  readonly #slots: Slot[] = [];
  #running = 0;
  #waiting = 0;
  #exclusive = 0;
  #idle: (() => void)[] = [];

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Requests taken and not yet answered. */
  get depth(): number {
    return this.#slots.length;
  }

  submit(lane: Lane, reserved: number, task: Task): void {
    const slot: Slot = { lane, task, reserved, state: 'waiting', reply: null };
    // The common case, a stream of READs, needs no look at what came before.
    const free = this.#running < this.#options.width && !lane.exclusive && this.#exclusive === 0;
    this.#slots.push(slot);
    if (lane.exclusive) this.#exclusive++;
    if (free) {
      this.#start(slot);
    } else {
      this.#waiting++;
      this.#startReady();
    }
  }

  /** Resolves once everything taken is answered. */
  whenIdle(): Promise<void> {
    if (this.#slots.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #start(slot: Slot): void {
    slot.state = 'running';
    this.#running++;
    const reply = slot.task();
    if (reply instanceof Promise) {
      reply.then((bytes) => this.#finish(slot, bytes), this.#options.broken);
    } else {
      this.#finish(slot, reply);
    }
  }

  #finish(slot: Slot, reply: Buffer): void {
    slot.state = 'done';
    slot.reply = reply;
    this.#running--;
    if (slot.lane.exclusive) this.#exclusive--;
    this.#sendReady();
    if (this.#waiting > 0) this.#startReady();
  }

  #sendReady(): void {
    let sent = 0;
    for (const slot of this.#slots) {
      if (slot.reply === null) break;
      sent++;
    }
    if (sent === 0) return;
    const ready = this.#slots.splice(0, sent);
    for (const slot of ready) if (slot.reply) this.#options.send(slot.reply, slot.reserved);
    if (this.#slots.length === 0) {
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
    }
  }

  /** Starts, oldest first, what conflicts with nothing unfinished before it. */
  #startReady(): void {
    const earlier = new Earlier();
    // A task may finish at once and change the list while we walk it.
    for (const slot of [...this.#slots]) {
      if (this.#waiting === 0 || this.#running >= this.#options.width) return;
      if (slot.state === 'waiting' && !earlier.conflictsWith(slot.lane)) {
        this.#waiting--;
        this.#start(slot);
      }
      // `#start` may have run the task to its end.
      if (slot.state !== 'done') earlier.add(slot.lane);
    }
  }
}

/** The lanes of the unfinished tasks before a given one. */
class Earlier {
  readonly #sharedKeys = new Set<object>();
  readonly #exclusiveKeys = new Set<object>();
  #sharedAll = false;
  #exclusiveAll = false;

  add({ key, exclusive }: Lane): void {
    if (key === null) {
      if (exclusive) this.#exclusiveAll = true;
      else this.#sharedAll = true;
    } else {
      (exclusive ? this.#exclusiveKeys : this.#sharedKeys).add(key);
    }
  }

  conflictsWith({ key, exclusive }: Lane): boolean {
    if (this.#exclusiveAll) return true;
    if (key === null) {
      if (this.#exclusiveKeys.size > 0) return true;
      return exclusive && (this.#sharedAll || this.#sharedKeys.size > 0);
    }
    if (this.#exclusiveKeys.has(key)) return true;
    return exclusive && (this.#sharedAll || this.#sharedKeys.has(key));
  }
}
