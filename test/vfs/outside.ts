import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { Fault } from '../../src/fault.js';

/**
 * What lies around a home and must be neither read, written nor seen: canaries, and the proof that they live. All of
 * it is in one folder of its own, so that even a jail that has fallen harms nothing of the host it is tested on.
 */
export class Outside {
  readonly folder: string;
  readonly canary: string;
  readonly #around: string;
  readonly #root: string;
  readonly #secret = `CANARY-${Math.random().toString(36).slice(2)}`;
  readonly #before: string;
  readonly #inodes: ReadonlySet<number>;

  constructor(around: string, root: string) {
    this.#around = around;
    this.#root = root;
    this.folder = join(dirname(root), 'jail-outside');
    this.canary = join(this.folder, 'canary.txt');
    // The sibling shares the home's name as a prefix: a check by text alone would take it for the home.
    for (const folder of [this.folder, `${root}2`]) {
      mkdirSync(join(folder, 'sub'), { recursive: true });
      writeFileSync(join(folder, 'canary.txt'), this.#secret);
      writeFileSync(join(folder, 'sub', 'inside'), this.#secret);
    }
    this.#before = this.#state();
    this.#inodes = new Set(this.#all().map((path) => lstatSync(path).ino));
  }

  /** Checks one reply, or the fault that came instead: no secret, no inode from outside, no real path of the home. */
  judge(reply: unknown): void {
    if (reply instanceof Fault) expect(reply.message).not.toContain(this.#root);
    const text = reply instanceof Fault ? `${reply.code} ${reply.message}` : inspect(reply, { depth: 6 });
    if (text.includes(this.#secret)) throw new Error(`a secret came out: ${text}`);
    if (text.includes(this.#root)) throw new Error(`the real path came out: ${text}`);
    for (const [, ino] of text.matchAll(/ino: (\d+)/g)) {
      if (this.#inodes.has(Number(ino))) throw new Error(`something outside was seen: ${text}`);
    }
  }

  /** Runs a request and judges what it answers; the reply, or the fault. */
  async ask(request: () => Promise<unknown>): Promise<unknown> {
    const reply = await request().catch((thrown: unknown) => thrown);
    if (reply instanceof Error && !(reply instanceof Fault)) throw reply;
    this.judge(reply);
    return reply;
  }

  /** Everything outside is as it was. */
  expectUntouched(): void {
    expect(this.#state()).toBe(this.#before);
  }

  /** Everything around the home, however far up, without the home itself. */
  #all(folder: string = this.#around): string[] {
    const below = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (path === this.#root) return [];
      return entry.isDirectory() ? this.#all(path) : [path];
    });
    return [folder, ...below];
  }

  #state(): string {
    return this.#all()
      .map((path) => {
        const { mode, size, nlink, mtimeMs, ctimeMs, uid, gid } = lstatSync(path);
        const content = lstatSync(path).isFile() ? readFileSync(path, 'latin1') : '';
        return [path, mode, size, nlink, mtimeMs, ctimeMs, uid, gid, content].join(' ');
      })
      .sort()
      .join('\n');
  }
}
