import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import { putFile } from '../../src/client/put-file.js';
import { StoppedTransfer } from '../../src/client/stopped-transfer.js';
import type { TransferResult } from '../../src/client/transfer.js';
import { fromText } from '../../src/names.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { scale } from '../scale.js';
import { faultOf, linkTo, md5, rig, type RigChoices, keyedAccounts } from './transfer-rig.js';

const size = 3_000_000;
const data = randomBytes(size);
const whole = md5(data);

let work: string;
let server: TestServer;
let number = 0;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-cuts-'));
  // Room for what every cut leaves behind.
  const alice = { ...keyedAccounts.alice, quota: 'none' };
  server = await startTestServer({ accounts: { alice }, files: { '/data': data } });
  writeFileSync(join(work, 'data'), data);
});
afterEach(() => server.faults.clear());
afterAll(async () => {
  await server.close();
  rmSync(work, { recursive: true });
});

/** One direction of a transfer of the same bytes, under a name of its own. */
interface Way {
  readonly name: string;
  run(name: string, choices: RigChoices, retries?: number): Promise<TransferResult>;
  /** What is there of it: the part, or nothing. */
  part(name: string): Promise<Buffer | null>;
  setPart(name: string, bytes: Buffer): Promise<void>;
  done(name: string): Promise<Buffer | null>;
}

async function overLink<T>(
  retries: number,
  work: (link: ReturnType<typeof linkTo>) => Promise<T>,
): Promise<T> {
  const link = linkTo(server, { retries });
  try {
    return await work(link);
  } finally {
    await link.end();
  }
}

const ways: readonly Way[] = [
  {
    name: 'put',
    run: (name, choices, retries = 0) =>
      overLink(retries, (link) =>
        putFile(link, { remote: name, local: fromText(join(work, 'data')) }, rig(choices).options),
      ),
    part: (name) => server.read(`/${name}.filepart`).catch(() => null),
    setPart: (name, bytes) => server.write(`/${name}.filepart`, bytes),
    done: (name) => server.read(`/${name}`).catch(() => null),
  },
  {
    name: 'get',
    run: (name, choices, retries = 0) =>
      overLink(retries, (link) =>
        getFile(link, { remote: 'data', local: fromText(join(work, name)) }, rig(choices).options),
      ),
    part: (name) =>
      Promise.resolve(
        existsSync(join(work, `${name}.part`)) ? readFileSync(join(work, `${name}.part`)) : null,
      ),
    setPart: (name, bytes) => {
      writeFileSync(join(work, `${name}.part`), bytes);
      return Promise.resolve();
    },
    done: (name) => Promise.resolve(existsSync(join(work, name)) ? readFileSync(join(work, name)) : null),
  },
];

describe.each(ways)('$name, when the connection breaks', (way) => {
  it('leaves what has arrived, and another run goes on with it', async () => {
    for (let times = 0; times < scale('transferCuts'); times++) {
      const name = `cut${number++}`;
      server.faults.cutAfter(20_000 + randomInt(size));
      const fault = await faultOf(way.run(name, {}));
      server.faults.clear();
      expect(fault.code).toBe('no-connection');
      const part = await way.part(name);
      expect(await way.done(name)).toBeNull();
      if (part !== null) {
        expect(md5(part)).toBe(md5(data.subarray(0, part.length)));
        expect(fault).toBeInstanceOf(StoppedTransfer);
        expect(fault.message).toMatch(/; received .* of 3 MB$/);
      }
      const result = await way.run(name, { collision: 'resume' });
      expect(result.resumedAt).toBe(part?.length ?? 0);
      expect(result.moved).toBe(size - (part?.length ?? 0));
      expect(md5((await way.done(name)) ?? Buffer.alloc(0))).toBe(whole);
      expect(await way.part(name)).toBeNull();
    }
  });

  it('connects again and goes on, asking nothing', async () => {
    for (let times = 0; times < scale('transferCuts'); times++) {
      const name = `again${number++}`;
      for (const after of [randomInt(size), randomInt(size / 2)]) server.faults.cutAfter(20_000 + after);
      const result = await way.run(name, {}, 3);
      server.faults.clear();
      expect(result).toMatchObject({ outcome: 'transferred', size, verified: { here: whole, there: whole } });
      expect(md5((await way.done(name)) ?? Buffer.alloc(0))).toBe(whole);
    }
  });

  it('finds one changed byte before it extends anything', async () => {
    const name = `flip${number++}`;
    server.faults.cutAfter(size / 2);
    await faultOf(way.run(name, {}));
    server.faults.clear();
    const part = (await way.part(name)) ?? Buffer.alloc(0);
    expect(part.length).toBeGreaterThan(100_000);
    const at = randomInt(part.length);
    part[at] = (part[at] ?? 0) ^ (1 << randomInt(8));
    await way.setPart(name, part);
    server.requests.clear();
    const fault = await faultOf(way.run(name, { collision: 'resume' }));
    expect(fault.code).toBe('verification-failed');
    expect(md5((await way.part(name)) ?? Buffer.alloc(0))).toBe(md5(part));
    expect(server.requests.filter(({ operation }) => operation === 'write' || operation === 'read')).toEqual(
      [],
    );
    const result = await way.run(name, { collision: 'resume', mismatch: 'restart' });
    expect(result).toMatchObject({ size, resumedAt: 0 });
    expect(md5((await way.done(name)) ?? Buffer.alloc(0))).toBe(whole);
  });

  it('is cancelled at any moment, with what has arrived and no more', async () => {
    const name = `stop${number++}`;
    const stop = new AbortController();
    const onMoved = (moved: number): void => {
      if (moved > size / 3) stop.abort();
    };
    const fault = await faultOf(way.run(name, { signal: stop.signal, onMoved }));
    expect(fault.code).toBe('cancelled');
    const part = (await way.part(name)) ?? Buffer.alloc(0);
    expect(fault instanceof StoppedTransfer && fault.there).toBe(part.length);
    expect(md5(part)).toBe(md5(data.subarray(0, part.length)));
    expect(await way.run(name, { collision: 'resume' })).toMatchObject({ resumedAt: part.length });
  });
});
