import { Fault } from '../fault.js';
import { Thread } from '../threads.js';
import type { PathOperations } from './path-thread.js';

type Name = keyof PathOperations;
type Argument<N extends Name> = Parameters<PathOperations[N]>[0];
type Result<N extends Name> = ReturnType<PathOperations[N]>;

export interface PathTask {
  /** Whose time it is: tasks of one home never hold more than half of the threads. */
  readonly home: string;
  /** Whether it changes names: those of one home run one after another, in the order they came. */
  readonly alone: boolean;
}

/** Threads that walk paths (design 6): apart from the event loop, and from libuv's pool that reads and writes. */
export interface PathThreads {
  run<N extends Name>(task: PathTask, name: N, argument: Argument<N>): Promise<Result<N>>;
  /** Waits for what is running, at most `graceMs` (a hung disk answers never), and ends the threads. */
  close(graceMs?: number): Promise<void>;
}

interface Waiting extends PathTask {
  start(thread: Thread<PathOperations>): Promise<unknown>;
  cancel(fault: Fault): void;
}

interface Slot {
  readonly thread: Thread<PathOperations>;
  home: Home | null;
  running: number;
}

interface Home {
  readonly key: string;
  readonly waiting: Waiting[];
  slots: number;
  /** The thread that has this home's name changes, and how many it has. */
  changing: Slot | null;
  changes: number;
}

/** Tasks of one home that wait in a thread at once: a walk is shorter than the way to the thread and back. */
const depth = 8;

/** @param size how many threads, each started when it is first needed */
export function pathThreads(size: number): PathThreads {
  const slots: readonly Slot[] = Array.from({ length: size }, () => ({
    thread: new Thread<PathOperations>('paths'),
    home: null,
    running: 0,
  }));
  const share = Math.max(1, Math.floor(size / 2));
  const homes = new Map<string, Home>();
  /** Homes with tasks that wait, the next one first. */
  const ring: Home[] = [];
  let closed = false;
  let drained: (() => void) | null = null;

  function homeOf(key: string): Home {
    let home = homes.get(key);
    if (!home) homes.set(key, (home = { key, waiting: [], slots: 0, changing: null, changes: 0 }));
    return home;
  }

  function slotFor(home: Home, task: PathTask): Slot | null {
    const bound = task.alone ? home.changing : null;
    const idle = home.slots < share ? slots.find((slot) => slot.home === null) : undefined;
    if (idle && !bound) return idle;
    // While others wait for a thread, a home's threads take no more of it and so come free.
    if (ring.some((other) => other !== home && other.slots < share)) return null;
    const own = slots.filter(
      (slot) => slot.home === home && slot.running < depth && (!bound || slot === bound),
    );
    return own.reduce<Slot | null>(
      (least, slot) => (least === null || slot.running < least.running ? slot : least),
      null,
    );
  }

  /** Starts the first of a home's tasks that may run now. */
  function startOne(home: Home): boolean {
    let changesWait = false;
    for (const [index, task] of home.waiting.entries()) {
      if (task.alone && changesWait) continue;
      const slot = slotFor(home, task);
      if (slot) {
        home.waiting.splice(index, 1);
        start(home, slot, task);
        return true;
      }
      if (!task.alone) return false;
      changesWait = true;
    }
    return false;
  }

  function start(home: Home, slot: Slot, task: Waiting): void {
    if (slot.home === null) {
      slot.home = home;
      home.slots++;
    }
    slot.running++;
    if (task.alone) {
      home.changing = slot;
      home.changes++;
    }
    const done = (): void => {
      if (task.alone && --home.changes === 0) home.changing = null;
      if (--slot.running === 0) {
        slot.home = null;
        home.slots--;
      }
      if (home.slots === 0 && home.waiting.length === 0) homes.delete(home.key);
      dispatch();
      if (slots.every(({ running }) => running === 0)) drained?.();
    };
    task.start(slot.thread).then(done, done);
  }

  function dispatch(): void {
    for (let idle = 0; idle < ring.length;) {
      const home = ring.shift();
      if (!home) return;
      idle = startOne(home) ? 0 : idle + 1;
      if (home.waiting.length > 0) ring.push(home);
    }
  }

  return {
    run(task, name, argument) {
      if (closed) return Promise.reject(new Fault('cancelled'));
      return new Promise((resolve, reject) => {
        const home = homeOf(task.home);
        home.waiting.push({
          ...task,
          start: (thread) => thread.call(name, argument).then(resolve, reject),
          cancel: reject,
        });
        if (!ring.includes(home)) ring.push(home);
        dispatch();
      });
    },
    async close(graceMs = 5000) {
      closed = true;
      for (const home of homes.values()) {
        for (const task of home.waiting.splice(0)) task.cancel(new Fault('cancelled'));
      }
      ring.length = 0;
      if (slots.some((slot) => slot.running > 0)) {
        const patience = new Promise<void>((resolve) => void setTimeout(resolve, graceMs).unref());
        await Promise.race([patience, new Promise<void>((resolve) => (drained = resolve))]);
      }
      await Promise.all(slots.map((slot) => slot.thread.close()));
    },
  };
}
