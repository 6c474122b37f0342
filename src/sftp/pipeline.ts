/**
 * Which requests may run side by side, and in which order their replies leave. It knows no files: a lane names what
 * a task touches, a reply is bytes.
 *
 * Two tasks conflict when either is exclusive and their lanes meet: lanes of different keys never meet, the lane
 * without a key meets every lane. A task starts once no earlier task it conflicts with is unfinished, so whatever a
 * client sends without waiting (WRITE, WRITE, CLOSE, SETSTAT) ends as if done one by one [filexfer-02 6.1]. Replies
 * leave in request order [T1, PROTOCOL 3.1]: OpenSSH's client resumes by the last acknowledged offset.
 */
export interface Lane {
  /** What is touched: one file or listing, or everything (`null`). */
  readonly key: object | null;
  readonly exclusive: boolean;
}

/** Does the work and gives the reply; it handles its own faults and never rejects. */
export type Task = () => Buffer | Promise<Buffer>;

/** What was set aside for one request when it was taken, in bytes. */
export interface Reserved {
  /** For its largest reply. */
  readonly output: number;
  /** For what it holds of the input. */
  readonly input: number;
}

interface Slot {
  readonly lane: Lane;
  readonly task: Task;
  readonly reserved: Reserved;
  state: 'waiting' | 'running' | 'done';
  /** `null` until it is done, and for ever where the task broke its promise. */
  reply: Buffer | null;
}

export interface PipelineOptions {
  /** Tasks that run at once. */
  readonly width: number;
  /** Takes the next reply in order, and what was set aside for it. What it submits meanwhile is sent after it. */
  readonly send: (reply: Buffer, reserved: Reserved) => void;
  /** A task broke its promise, or a reply could not be sent: the session cannot go on. Nothing more is sent. */
  readonly broken: (cause: unknown) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  /** Unsent tasks in request order. */
  readonly #slots: Slot[] = [];
  #running = 0;
  #waiting = 0;
  #exclusive = 0;
  #sending = false;
  #broken = false;
  #idle: (() => void)[] = [];

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Requests taken and not yet answered. */
  get depth(): number {
    return this.#slots.length;
  }

  submit(lane: Lane, reserved: Reserved, task: Task): void {
    const slot: Slot = { lane, task, reserved, state: 'waiting', reply: null };
    // The common cases, one request at a time and a stream of READs, need no look at what came before.
    const alone = this.#slots.length === 0;
    const free = alone || (this.#running < this.#options.width && !lane.exclusive && this.#exclusive === 0);
    this.#slots.push(slot);
    if (lane.exclusive) this.#exclusive++;
    if (free) {
      this.#start(slot);
    } else {
      this.#waiting++;
      this.#startReady();
    }
  }

  /** Resolves once everything taken is done. */
  whenIdle(): Promise<void> {
    if (this.#slots.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #start(slot: Slot): void {
    slot.state = 'running';
    this.#running++;
    let reply: Buffer | Promise<Buffer>;
    try {
      reply = slot.task();
    } catch (cause) {
      this.#break(slot, cause);
      return;
    }
    if (reply instanceof Promise) {
      reply.then(
        (bytes) => this.#finish(slot, bytes),
        (cause: unknown) => this.#break(slot, cause),
      );
    } else {
      this.#finish(slot, reply);
    }
  }

  /** The task counts as done, so that whoever waits for the end of all is not kept waiting. */
  #break(slot: Slot, cause: unknown): void {
    this.#tellBroken(cause);
    this.#finish(slot, null);
  }

  #tellBroken(cause: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#options.broken(cause);
  }

  #finish(slot: Slot, reply: Buffer | null): void {
    slot.state = 'done';
    slot.reply = reply;
    this.#running--;
    if (slot.lane.exclusive) this.#exclusive--;
    this.#sendReady();
    if (this.#waiting > 0) this.#startReady();
  }

  #sendReady(): void {
    // Sending makes room, for which the session may submit what is done at once: its reply has to wait its turn.
    if (this.#sending) return;
    this.#sending = true;
    for (let first = this.#slots[0]; first?.state === 'done'; first = this.#slots[0]) {
      this.#slots.shift();
      this.#sendOne(first);
    }
    this.#sending = false;
    if (this.#slots.length > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #sendOne({ reply, reserved }: Slot): void {
    if (reply === null || this.#broken) return;
    try {
      this.#options.send(reply, reserved);
    } catch (cause) {
      this.#tellBroken(cause);
    }
  }

  /** Starts, oldest first, what conflicts with nothing unfinished before it. */
  #startReady(): void {
    const earlier = new Earlier();
    // A task may finish at once and change the list while we walk it.
    for (const slot of [...this.#slots]) {
      if (this.#waiting === 0 || this.#running >= this.#options.width) return;
      if (slot.state === 'done' || earlier.holds(slot.lane)) continue;
      if (slot.state === 'waiting' && !earlier.conflictsWith(slot.lane)) {
        this.#waiting--;
        this.#start(slot);
      }
      if (!isDone(slot)) earlier.add(slot.lane);
    }
  }
}

/** Asked again after `#start`, which may have run the task to its end. */
function isDone(slot: Slot): boolean {
  return slot.state === 'done';
}

/** The lanes of the unfinished tasks before a given one. */
class Earlier {
  readonly #sharedKeys = new Set<object>();
  readonly #exclusiveKeys = new Set<object>();
  #sharedAll = false;
  #exclusiveAll = false;
  /** The last of `#exclusiveKeys`. */
  #latest: object | null = null;

  /** Whether `lane` conflicts for sure and adds nothing new: in a stream of WRITEs all after the first. */
  holds({ key }: Lane): boolean {
    return this.#exclusiveAll || (key !== null && key === this.#latest);
  }

  add({ key, exclusive }: Lane): void {
    if (key === null) {
      if (exclusive) this.#exclusiveAll = true;
      else this.#sharedAll = true;
    } else {
      (exclusive ? this.#exclusiveKeys : this.#sharedKeys).add(key);
      if (exclusive) this.#latest = key;
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
