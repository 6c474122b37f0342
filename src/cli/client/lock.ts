import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';

/** What a lock file says of who holds it. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Different for every time it is taken. */
  readonly id: string;
}

/** Who asks, and what is known of processes; tests bring their own. */
export interface LockSurroundings {
  readonly pid: number;
  readonly host: string;
  readonly now: () => number;
  /** When the machine was started, in milliseconds since 1970. */
  readonly booted: () => number;
  readonly alive: (pid: number) => boolean;
}

const system: LockSurroundings = {
  pid: process.pid,
  host: hostname(),
  now: Date.now,
  booted: () => Date.now() - uptime() * 1000,
  alive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (thrown) {
      // EPERM: it is there, and somebody else's.
      return (thrown as NodeJS.ErrnoException).code !== 'ESRCH';
    }
  },
};

/** Held until `release`, or until this process is dead. */
export interface Lock {
  release(): void;
}

/**
 * Takes a file for this process alone. One that a dead process of this machine has left is taken over; one that cannot be
 * judged (of another machine, or not ours) is taken for held.
 * @throws Fault `busy` where another process holds it, `failure` where the file cannot be made
 */
export function takeLock(path: string, surroundings: LockSurroundings = system): Lock {
  const { pid, host, now } = surroundings;
  const own: Holder = { pid, host, since: now(), id: randomUUID() };
  for (let tries = 0; tries < 100; tries++) {
    if (create(path, own)) {
      return {
        release: () => {
          if (holds(path, own.id)) rmSync(path, { force: true });
        },
      };
    }
    const found = read(path);
    // Let go of at this moment.
    if (found === 'gone') continue;
    if (found === null || !isDead(found, surroundings)) throw held(path, found);
    takeOver(path, found, surroundings);
  }
  throw new Fault('busy', `${path}: others take this lock and let it go all the time`);
}

/**
 * Removes a dead holder's file. Two who find the same one must not both do it: the second would remove what the first has
 * made since. So this takes a lock too, named after what is removed, and looks again under it.
 */
function takeOver(path: string, dead: Holder, surroundings: LockSurroundings): void {
  const guard = takeLock(`${path}.${dead.id}`, surroundings);
  try {
    if (holds(path, dead.id)) rmSync(path, { force: true });
  } finally {
    guard.release();
  }
}

/** Makes the file with all that is in it at once; `false` where there is one. */
function create(path: string, own: Holder): boolean {
  const draft = `${path}.${own.id}.new`;
  const text = `${JSON.stringify(own)}\n`;
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
    try {
      linkSync(draft, path);
      return true;
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // A filesystem without links: the file is there a moment before what is in it, and is then taken for held.
      return createPlainly(path, text);
    } finally {
      unlinkSync(draft);
    }
  } catch (thrown) {
    throw new Fault('failure', `the lock ${printable(path)} cannot be made: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}

function createPlainly(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

/** `null`: it is there, and not one of ours. */
function read(path: string): Holder | 'gone' | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : null;
  }
  try {
    const { pid, host, since, id } = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>;
    const right =
      typeof pid === 'number' &&
      Number.isSafeInteger(pid) &&
      pid > 0 &&
      typeof since === 'number' &&
      typeof host === 'string' &&
      typeof id === 'string' &&
      /^[0-9a-f-]{36}$/.test(id);
    return right ? { pid, host, since, id } : null;
  } catch {
    return null;
  }
}

function holds(path: string, id: string): boolean {
  const found = read(path);
  return found !== null && found !== 'gone' && found.id === id;
}

/** Clocks are set, and a start is measured by a clock; a minute is more than either is off. */
const slack = 60_000;

/** A process id says nothing about another machine, nor about this one before it was started anew. */
function isDead(holder: Holder, { host, booted, alive, pid }: LockSurroundings): boolean {
  if (holder.host !== host) return false;
  return holder.since < booted() - slack || holder.pid === pid || !alive(holder.pid);
}

function held(path: string, holder: Holder | null): Fault {
  const shown = printable(path);
  if (!holder) {
    return new Fault('busy', `${shown} is there and says not who holds it: remove it if no plim is running`);
  }
  const since = new Date(holder.since).toISOString();
  return new Fault(
    'busy',
    `another plim holds ${shown}: process ${holder.pid} on ${printable(holder.host)}, since ${since}`,
  );
}
