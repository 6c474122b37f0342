import { Fault } from '../../src/fault.js';
import type { Handle, Vfs } from '../../src/vfs/vfs.js';
import type { Fleet, Ship } from './fleet.js';
import type { Step } from './voyages.js';

/** A session of one server, which does what its script says; after its server was killed, one of a new server. */
export class Crewman {
  readonly #fleet: Fleet;
  #ship: Ship;
  #vfs: Vfs;
  #handles: Handle[] = [];
  /** Steps that were answered, well or not. */
  done = 0;

  constructor(fleet: Fleet, ship: Ship) {
    this.#fleet = fleet;
    this.#ship = ship;
    this.#vfs = ship.session();
  }

  async play(script: readonly Step[], replaced: (dead: Ship) => Ship): Promise<void> {
    for (const step of script) {
      await this.#answered(() => this.#play(step));
      this.#board(replaced);
    }
  }

  #board(replaced: (dead: Ship) => Ship): void {
    if (!this.#ship.dead) return;
    this.#ship = replaced(this.#ship);
    this.#vfs = this.#ship.session();
    this.#handles = [];
  }

  /** What a dead server was asked is not answered. */
  async #answered(work: () => Promise<unknown>): Promise<void> {
    const doing = work().then(
      () => {
        this.done++;
      },
      (thrown: unknown) => {
        this.done++;
        if (!(thrown instanceof Fault)) throw thrown;
        if (thrown.code === 'failure' || thrown.code === 'cancelled')
          this.#fleet.wrongs.push(String(thrown.stack));
      },
    );
    await Promise.race([doing, this.#ship.life.ended]);
  }

  /** Closes all that it has open, and its session. */
  async end(): Promise<void> {
    await this.#answered(() => this.#leave());
  }

  async #leave(): Promise<void> {
    const handles = this.#handles;
    this.#handles = [];
    await Promise.all(handles.map((handle) => handle.close()));
    await this.#vfs.close();
  }

  async #play(step: Step): Promise<unknown> {
    const vfs = this.#vfs;
    switch (step.do) {
      case 'open':
        return this.#open(step.path, step.flags);
      case 'close': {
        const [handle] = this.#handles.splice(step.handle, 1);
        return handle?.close();
      }
      case 'write':
        return this.#handles[step.handle]?.write([Buffer.alloc(step.length)], step.offset);
      case 'upload':
        return this.#upload(step.handle, step.length, step.pieces);
      case 'resize':
        return this.#handles[step.handle]?.set({ size: step.size });
      case 'set':
        return vfs.set(step.path, { size: step.size }, { follow: true });
      case 'mkdir':
        return vfs.mkdir(step.path, 0o755);
      case 'rmdir':
        return vfs.rmdir(step.path);
      case 'remove':
        return vfs.remove(step.path);
      case 'symlink':
        return vfs.symlink(step.path, 'a');
      case 'rename':
        return vfs.rename(step.path, step.to, { replace: true });
      case 'link':
        return vfs.link(step.path, step.to);
      case 'usage':
        return this.#ship.quotas.usage(this.#fleet.home);
      case 'scan':
      case 'check':
        return this.#ship.quotas.scan(this.#fleet.home, { check: step.do === 'check' });
      case 'leave':
        await this.#leave();
        this.#vfs = this.#ship.session();
        return;
      case 'kill':
        return this.#ship.kill();
      case 'hang':
        this.#hang();
        return;
      case 'resume':
        for (const ship of this.#fleet.ships) ship.resume();
        return;
      case 'ill':
        this.#fleet.ill = new Fault('busy');
        return;
      case 'well':
        this.#fleet.ill = null;
        return;
    }
  }

  /** For a while at most, so that the others do not wait for ever. */
  #hang(): void {
    const ship = this.#ship;
    ship.hang();
    setTimeout(() => ship.resume(), 20);
  }

  async #open(path: string, flags: number): Promise<void> {
    // Should it be answered as the server dies, it is not among those of the next server.
    const handles = this.#handles;
    const handle = await this.#vfs.open(path, {
      read: true,
      write: true,
      create: (flags & 3) > 0,
      truncate: (flags & 4) > 0,
      append: (flags & 24) === 24,
      exclusive: (flags & 3) === 3,
    });
    handles.push(handle);
  }

  async #upload(index: number, length: number, pieces: number): Promise<void> {
    const handle = this.#handles[index];
    if (!handle) return;
    const { size } = await handle.stat();
    const writes = Array.from({ length: pieces }, (_, piece) =>
      handle.write([Buffer.alloc(length)], size + piece * length),
    );
    await Promise.allSettled(writes);
    await Promise.all(writes);
  }
}
