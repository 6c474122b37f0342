import { Fault } from '../fault.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Holding } from './holding.js';
import type { Creation, Entering, Held, NameChange, Report } from './messages.js';
import type { OwnedHomes } from './owned-homes.js';
import type { Owner } from './owner.js';
import type { Answering, Channel } from './peers.js';
import { RemoteHolder } from './remote-holder.js';

export interface AnswerParts {
  readonly owned: OwnedHomes;
  readonly holdings: ReadonlyMap<number, Holding>;
  /** The files of a home, for the changes of names that a peer asks for. */
  readonly open: (homeId: number) => Promise<Vfs>;
}

interface Question {
  readonly home: number;
  readonly held: readonly Held[];
  readonly entering: Entering;
  readonly report: Report;
  readonly inode: number;
  readonly size: number;
  readonly bytes: number;
  readonly request: NameChange;
  readonly creation: Creation;
  readonly token: number;
  readonly back: boolean;
  readonly check: boolean;
  readonly scan: number;
}

interface Scanning {
  entries: number;
  readonly end: AbortController;
}

/**
 * What this process answers its peers: as the owner of a home, and as one that has something of it open. What is asked
 * comes from a process of the same user; each answer begins in the turn in which its question came.
 */
export function answerPeers({ owned, holdings, open }: AnswerParts): Answering {
  const holders = new Map<Channel, Map<number, RemoteHolder>>();
  const scans = new Map<string, Scanning>();

  const ownerOf = (home: number): Owner => {
    const owner = owned.get(home);
    if (!owner) throw new Fault('cancelled');
    return owner;
  };
  const asking = (channel: Channel, home: number): [Owner, RemoteHolder] => {
    const holder = holders.get(channel)?.get(home);
    if (!holder) throw new Fault('cancelled');
    return [ownerOf(home), holder];
  };

  const register = async (channel: Channel, home: number, held: readonly Held[]): Promise<void> => {
    const opened = holders.get(channel)?.has(home) ? null : await open(home);
    // What came meanwhile on the same channel may have opened it too.
    const before = holders.get(channel)?.get(home);
    const vfs = before?.vfs ?? opened;
    if (before && opened) await opened.close();
    if (!vfs) throw new Fault('cancelled');
    const holder = new RemoteHolder(channel, home, vfs);
    try {
      ownerOf(home).register(holder, held);
    } catch (thrown) {
      if (!before) await vfs.close();
      throw thrown;
    }
    const homes = holders.get(channel) ?? new Map<number, RemoteHolder>();
    homes.set(home, holder);
    if (holders.has(channel)) return;
    holders.set(channel, homes);
    void channel.gone.then(() => {
      holders.delete(channel);
      for (const [homeId, one] of homes) {
        owned.get(homeId)?.lost(one);
        void one.vfs.close().catch(() => undefined);
      }
    });
  };

  const scanning = async (channel: Channel, { home, check, scan }: Question): Promise<unknown> => {
    const key = `${channel.peer} ${scan}`;
    const running: Scanning = { entries: 0, end: new AbortController() };
    scans.set(key, running);
    void channel.gone.then(() => running.end.abort());
    try {
      return await ownerOf(home).scan({
        check,
        signal: running.end.signal,
        progress: (entries) => (running.entries = entries),
      });
    } finally {
      scans.delete(key);
    }
  };

  const answers: Readonly<Record<string, (channel: Channel, question: Question) => unknown>> = {
    alive: () => true,
    keeps: (_channel, { home }) => owned.keeps(home),
    register: (channel, { home, held }) => register(channel, home, held),
    enter: (channel, { home, entering, report }) => {
      const [owner, holder] = asking(channel, home);
      return owner.enter(holder, entering, report);
    },
    claim: (channel, { home, inode, size, report }) => {
      const [owner, holder] = asking(channel, home);
      return owner.claim(holder, inode, size, report);
    },
    leave: (channel, { home, inode, report }) => {
      const [owner, holder] = asking(channel, home);
      return owner.leave(holder, inode, report);
    },
    closed: (channel, { home, token }) => {
      const [owner] = asking(channel, home);
      owner.closed(token);
    },
    lease: async (channel, { home, bytes, report }) => {
      const [owner, holder] = asking(channel, home);
      let lent = 0;
      await owner.lease(holder, bytes, report, (granted) => (lent = granted));
      return lent;
    },
    change: (channel, { home, request, report }) => {
      const [owner, holder] = asking(channel, home);
      return owner.change(holder, request, report, holder.vfs);
    },
    create: (channel, { home, creation, report }) => {
      const [owner, holder] = asking(channel, home);
      return owner.createFor(holder, creation, report, holder.vfs);
    },
    release: (channel, { home, token }) => {
      const [owner] = asking(channel, home);
      owner.release(token);
    },
    end: (channel, { home, report }) => {
      const [owner, holder] = asking(channel, home);
      holders.get(channel)?.delete(home);
      owner.end(holder, report);
      void holder.vfs.close().catch(() => undefined);
    },
    usage: (channel, { home, ...told }) => {
      const holder = holders.get(channel)?.get(home);
      // Whoever only wants to know tells nothing, even if it holds something.
      const report = told.report as Report | undefined;
      return holder && report ? ownerOf(home).usageFor(holder, report) : ownerOf(home).usage();
    },
    scan: scanning,
    'scan-progress': (channel, { scan }) => scans.get(`${channel.peer} ${scan}`)?.entries ?? 0,
    'scan-end': (channel, { scan }) => {
      scans.get(`${channel.peer} ${scan}`)?.end.abort();
    },
    report: (channel, { home, back }) => whenSent(() => held(channel, home).tell(back)),
    yield: async (channel, { home, inode }) => {
      await held(channel, home).finish(inode);
      return whenSent(() => held(channel, home).tell(false));
    },
    succession: async (_channel, { home }) => {
      const holding = holdings.get(home);
      if (!holding) return;
      holding.lost(null);
      if (!holding.idle) await holding.connect();
    },
  };

  /** Only the owner that this process is registered with may ask. */
  const held = (channel: Channel, home: number): Holding => {
    const holding = holdings.get(home);
    if (!holding?.asks(channel)) throw new Fault('cancelled');
    return holding;
  };

  return async (channel, question, argument) => {
    const answer = Object.hasOwn(answers, question) ? answers[question] : undefined;
    if (!answer) throw new Fault('unsupported');
    return (await answer(channel, argument as Question)) ?? null;
  };
}

/**
 * An answer that is made up as it is sent: what is told of sizes must not be overtaken by what is told later.
 */
function whenSent(tell: () => Report): { readonly toJSON: () => Report } {
  return { toJSON: tell };
}
