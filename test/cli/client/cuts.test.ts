import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../interop/programs.js';
import { must } from '../../interop/server.js';
import { scale } from '../../scale.js';
import { commandsOn } from '../in-process.js';
import { killAll, rootWithKeys, serve } from '../running.js';

const plim = fileURLToPath(new URL('../../../dist/plim.mjs', import.meta.url));
const size = 12_000_000;
/** Slow enough that every point is met before the end, whatever else the machine does. */
const rate = '40MB';

type Way = 'get' | 'put';
type Cut = 'the connection' | 'the server' | 'plim';

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

/** What one transfer and its end leave, and the server it goes to. */
class Voyage {
  readonly #work: string;
  readonly #root: string;
  readonly #way: Way;
  #server!: Awaited<ReturnType<typeof serve>>;
  readonly #sockets = new Set<Socket>();
  readonly #proxy = createServer((client) => {
    const server = connect({ port: this.#server.port(), host: '127.0.0.1' });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });

  constructor(work: string, root: string, way: Way) {
    this.#work = work;
    this.#root = root;
    this.#way = way;
  }

  get source(): string {
    return this.#way === 'get' ? join(this.#root, 'homes/alice/big') : join(this.#work, 'big');
  }

  get target(): string {
    return this.#way === 'get' ? join(this.#work, 'here') : join(this.#root, 'homes/alice/there');
  }

  get part(): string {
    return this.#way === 'get' ? `${this.target}.part` : `${this.target}.filepart`;
  }

  async start(): Promise<void> {
    this.#server = await serve(this.#root);
    if (!this.#proxy.listening) {
      this.#proxy.listen(0, '127.0.0.1');
      await once(this.#proxy, 'listening');
    }
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  async killServer(): Promise<void> {
    this.#server.child.kill('SIGKILL');
    await this.#server.ended;
  }

  /** Starts the transfer. */
  sail(...options: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const { port } = this.#proxy.address() as AddressInfo;
    const files = this.#way === 'get' ? ['big', 'here'] : ['big', 'there'];
    const place = [
      '--accept-new',
      '-i',
      join(this.#work, 'key'),
      '--retries',
      '0',
      `alice@127.0.0.1:${port}`,
    ];
    const child = spawn(process.execPath, [plim, ...place, this.#way, ...options, ...files], {
      cwd: this.#work,
      env: { PATH: process.env['PATH'], HOME: this.#work },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    }
    const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stderr }));
    return { child, ended };
  }

  async stop(): Promise<void> {
    this.cutConnections();
    this.#proxy.close();
    await this.#server.stop();
  }
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Resolves once the file has so many bytes. */
async function grown(file: string, bytes: number): Promise<void> {
  while (!existsSync(file) || statSync(file).size < bytes) await sleep(1);
}

const ways: readonly Way[] = ['get', 'put'];
const cuts: readonly Cut[] = ['the connection', 'the server', 'plim'];

describe.each(ways)('%s', (way) => {
  let work: string;
  let voyage: Voyage;

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'plimsoll-cuts-'));
    const root = rootWithKeys();
    await must(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(work, 'key')]));
    await must(commandsOn(root)(['user', 'add', 'alice', '--quota', 'none', '--key', join(work, 'key.pub')]));
    voyage = new Voyage(work, root, way);
    await voyage.start();
    mkdirSync(join(root, 'homes/alice'), { recursive: true });
    writeFileSync(voyage.source, randomBytes(size));
  });
  afterAll(async () => {
    await voyage.stop();
    killAll();
    rmSync(work, { recursive: true });
  });
  afterEach(() => {
    rmSync(voyage.target, { force: true });
    rmSync(voyage.part, { force: true });
  });

  it.each(cuts)(
    'is gone on with after %s was killed at random points, unless a byte was changed',
    async (cut) => {
      for (let number = 0; number < scale('programCuts'); number++) {
        const point = randomInt(1, size);
        const told = `cut at ${point}`;
        const { child, ended } = voyage.sail('--limit', rate);
        await grown(voyage.part, Math.min(point, size - 3_000_000));
        if (cut === 'plim') child.kill('SIGKILL');
        else if (cut === 'the server') await voyage.killServer();
        else voyage.cutConnections();
        const { status, stderr } = await ended;
        if (cut !== 'plim') {
          expect(status, `${told}: ${stderr}`).toBe(8);
          expect(stderr).toMatch(/received .* of 12 MB; continue with: plim .*--resume/);
        }
        if (cut === 'the server') await voyage.start();
        expect(existsSync(voyage.target), told).toBe(false);
        const there = readFileSync(voyage.part);
        expect(there.equals(readFileSync(voyage.source).subarray(0, there.length)), told).toBe(true);

        const changed = randomInt(0, there.length);
        const other = Buffer.from(there);
        other[changed] = (other[changed] ?? 0) ^ 1;
        writeFileSync(voyage.part, other);
        const refused = await voyage.sail('--resume', '--on-mismatch', 'fail').ended;
        expect(refused.status, `${told}, changed at ${changed}: ${refused.stderr}`).toBe(7);
        expect(readFileSync(voyage.part).equals(other), told).toBe(true);
        expect(existsSync(voyage.target), told).toBe(false);

        writeFileSync(voyage.part, there);
        const done = await voyage.sail('--resume').ended;
        expect(done.status, `${told}: ${done.stderr}`).toBe(0);
        expect(hash(voyage.target), told).toBe(hash(voyage.source));
        expect(existsSync(voyage.part), told).toBe(false);
        rmSync(voyage.target);
      }
    },
    600_000,
  );
});
