import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { line, LinedHomes, type LinedHome } from '../quota/lined-homes.js';
import { sha256, writeNoise } from './bytes.js';
import { run, type Result } from './programs.js';
import { fingerprints, puttyEnvironment, puttyKey } from './putty.js';
import { startServer, type TestServer } from './server.js';

/** Bytes of the local files: `big` is half as much again as the line allows, `same` as much as it does. */
export const sizes = { big: 1_500_000, small: 10_000, same: line.bytes } as const;

/** A server with homes that nobody has used, and files to upload. */
export class LineStage {
  readonly server: TestServer;
  readonly homes: LinedHomes;
  #pinned: readonly string[] | null = null;

  private constructor(server: TestServer, homes: LinedHomes) {
    this.server = server;
    this.homes = homes;
  }

  static async start(): Promise<LineStage> {
    const server = await startServer();
    const stage = new LineStage(
      server,
      await LinedHomes.on(server, 30, {
        lineless: { quota: 'none', files: 'none' },
        boundless: { quota: 2 ** 52, files: 'none' },
      }),
    );
    const names = Object.keys(sizes) as (keyof typeof sizes)[];
    await Promise.all(names.map((name, index) => writeNoise(stage.local(name), sizes[name], index + 1)));
    return stage;
  }

  local(name: string): string {
    return join(this.server.work, name);
  }

  /** The file arrived whole. */
  async arrived(home: LinedHome, name: keyof typeof sizes): Promise<void> {
    expect(await sha256(join(home.folder, name))).toBe(await sha256(this.local(name)));
  }

  /** The ledger's bytes, which have to be what lies on the disk, and no more than the line. */
  async balance(home: LinedHome): Promise<number> {
    const { bytes } = await (await home.connect()).balanced();
    expect(bytes).toBeLessThanOrEqual(line.bytes);
    return bytes;
  }

  async psftp(home: LinedHome, batch: string, ...options: readonly string[]): Promise<Result> {
    const file = this.local('batch of psftp');
    writeFileSync(file, batch);
    const key = this.local('id.ppk');
    if (!existsSync(key)) await puttyKey(this.server);
    this.#pinned ??= (await fingerprints(this.server)).flatMap((fingerprint) => ['-hostkey', fingerprint]);
    const login = ['-batch', '-P', String(this.server.port), ...this.#pinned, '-i', key];
    return run('psftp', [...login, '-b', file, ...options, `${home.account}@127.0.0.1`], {
      cwd: this.server.work,
      env: puttyEnvironment(this.server),
    });
  }
}
