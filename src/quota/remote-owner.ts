import { Fault } from '../fault.js';
import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import type { Created, Creation, Entered, Entering, NameChange, Report } from './messages.js';
import type { LocalCreation, OwnerPort } from './owner-port.js';
import type { Channel } from './peers.js';
import type { HomeUsage, ScanOptions, ScanReport } from './home-usage.js';

/** Milliseconds from one sign of life to the next, while an answer is waited for. */
const signInterval = 1000;

/** The owner of a home in another process. */
export class RemoteOwner implements OwnerPort {
  readonly channel: Channel;
  readonly #home: number;
  readonly #after: (milliseconds: number, run: () => void) => () => void;
  #gone = false;
  #waiting = 0;
  #watching: Promise<never> | null = null;

  /** @param after runs once after so many milliseconds; returns the way to prevent it */
  constructor(channel: Channel, home: number, after: (milliseconds: number, run: () => void) => () => void) {
    this.channel = channel;
    this.#home = home;
    this.#after = after;
    void channel.gone.then(() => (this.#gone = true));
  }

  get gone(): boolean {
    return this.#gone;
  }

  enter(entering: Entering, report: Report): Promise<Entered> {
    return this.#ask('enter', { entering, report }) as Promise<Entered>;
  }

  claim(inode: number, size: number, report: Report): Promise<number | null> {
    return this.#ask('claim', { inode, size, report }) as Promise<number | null>;
  }

  leave(inode: number, report: Report): Promise<number | null> {
    return this.#ask('leave', { inode, report }) as Promise<number | null>;
  }

  async closed(ticket: number): Promise<void> {
    await this.#ask('closed', { token: ticket });
  }

  async lease(bytes: number, report: Report, granted: (bytes: number) => void): Promise<void> {
    granted((await this.#ask('lease', { bytes, report })) as number);
  }

  change(request: NameChange, report: Report, _through: Vfs): Promise<Change> {
    return this.#ask('change', { request, report }) as Promise<Change>;
  }

  create(creation: Creation, report: Report, _through: LocalCreation): Promise<Created | Handle> {
    return this.#ask('create', { creation, report }) as Promise<Created>;
  }

  release(token: number): void {
    this.#ask('release', { token }).catch(() => undefined);
  }

  end(report: Report): void {
    this.#ask('end', { report }).catch(() => undefined);
    this.#gone = true;
  }

  usage(report: Report): Promise<HomeUsage> {
    return this.#ask('usage', { report }) as Promise<HomeUsage>;
  }

  scan({ check, progress, signal }: ScanOptions): Promise<ScanReport> {
    return remoteScan(this.channel, this.#home, {
      check,
      ...(progress && { progress }),
      ...(signal && { signal }),
    });
  }

  /**
   * What takes long takes long, as long as the owner gives signs of life. One that does not is asked anew once it does,
   * and told what this process has: an answer that comes late counts for nothing.
   */
  async #ask(question: string, argument: object): Promise<unknown> {
    if (this.#gone) throw new Fault('cancelled');
    const asked = this.channel.ask(question, { home: this.#home, ...argument }, null);
    this.#waiting++;
    try {
      return await Promise.race([asked, (this.#watching ??= this.#watch())]);
    } catch (thrown) {
      // It is the owner no more.
      if (thrown instanceof Fault && thrown.code === 'cancelled') this.#gone = true;
      throw thrown;
    } finally {
      this.#waiting--;
    }
  }

  #watch(): Promise<never> {
    const watching = new Promise<never>((_resolve, reject) => {
      const look = (): void => {
        if (this.#waiting === 0) {
          this.#watching = null;
          return;
        }
        this.channel.ask('alive', {}).then(
          () => void this.#after(signInterval, look),
          () => {
            this.#watching = null;
            this.#gone = true;
            reject(new Fault('busy'));
          },
        );
      };
      this.#after(signInterval, look);
    });
    // Nobody may be waiting by then.
    watching.catch(() => undefined);
    return watching;
  }
}

/** How often a scan that runs elsewhere is asked how far it is, in milliseconds. */
const progressInterval = 250;

/** Has the owner of a home count it; whoever asks need not hold anything of it. */
export async function remoteScan(
  channel: Channel,
  home: number,
  { check, progress, signal }: ScanOptions,
): Promise<ScanReport> {
  const scan = Math.floor(Math.random() * 2 ** 48);
  const asked = channel.ask('scan', { home, check, scan }, null);
  const end = (): void => void channel.ask('scan-end', { home, scan }).catch(() => undefined);
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  const timer = setInterval(() => {
    channel.ask('scan-progress', { home, scan }).then(
      (entries) => progress?.(entries as number),
      () => undefined,
    );
  }, progressInterval);
  try {
    return (await asked) as ScanReport;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', end);
  }
}
