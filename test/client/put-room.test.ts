import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../src/client/link.js';
import { localFromText } from '../../src/client/local-path.js';
import { putMany } from '../../src/client/many.js';
import type { ManyOptions, ManyResult } from '../../src/client/transfer.js';
import { createServer, type Server } from '../../src/index.js';
import { fromText } from '../../src/names.js';
import { linkTo, manyOptions } from './linked.js';

let server: Server;
let work: string;
let home: string;
let local: string;
let link: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-room-'));
  server = await createServer({
    accounts: {
      alice: { password: 'secret', quota: 100_000 },
      bob: { password: 'secret', quota: 'none', files: 40 },
    },
    homes: join(work, 'homes'),
  }).listen(0);
});
beforeEach(() => {
  local = mkdtempSync(join(work, 'local-'));
});
afterEach(async () => {
  await link.end();
});
afterAll(async () => {
  await server.close({ grace: 0 });
  rmSync(work, { recursive: true });
});

function as(user: string): void {
  ({ link } = linkTo({ port: server.port, user, password: 'secret' }));
  home = join(work, 'homes', user);
}

/** Files of so many bytes in a folder here. */
function files(folder: string, count: number, size: number, fill = 'x'): void {
  mkdirSync(join(local, folder), { recursive: true });
  for (let index = 0; index < count; index++) {
    writeFileSync(join(local, folder, `file-${index}`), fill.repeat(size));
  }
}

async function put(
  from: string,
  to: string,
  changed: Partial<ManyOptions> = {},
): Promise<ManyResult & { readonly notes: readonly string[] }> {
  const { options, told } = manyOptions(changed);
  const item = { remote: fromText(to), local: localFromText(join(local, from)) };
  return { ...(await putMany(link, [item], options)), notes: told.notes };
}

const contents = (folder: string): ReadonlySet<string> =>
  new Set(
    readdirSync(join(home, folder)).map((name) => readFileSync(join(home, folder, name), 'utf8').slice(0, 1)),
  );

describe('room for bytes', () => {
  beforeEach(() => as('alice'));
  afterEach(() => {
    // What the home holds is counted by the server alone, so it is removed through it.
    return link.use(async (remote) => {
      for (const folder of ['tree', 'tree/sub']) {
        const names: string[] = [];
        try {
          for await (const batch of remote.list(folder)) {
            for (const { name, stat } of batch) if (stat.kind !== 'folder') names.push(`${folder}/${name}`);
          }
        } catch {
          continue;
        }
        for (const name of names) await remote.remove(name);
      }
      for (const folder of ['tree/sub', 'tree']) await remote.rmdir(folder).catch(() => undefined);
      await remote.remove('alone').catch(() => undefined);
    });
  });

  it('refuses a file and a tree before the first byte, and says how much is missing', async () => {
    files('tree', 12, 10_000);
    writeFileSync(join(local, 'alone'), 'x'.repeat(100_001));
    await expect(put('tree', 'tree')).rejects.toMatchObject({
      code: 'quota',
      message: 'needs 120 KB, 100 KB free of 100 KB',
    });
    await expect(put('alone', 'alone')).rejects.toMatchObject({
      code: 'quota',
      message: 'needs 100 KB, 100 KB free of 100 KB',
    });
    expect(readdirSync(home)).toEqual([]);
    expect((await put('tree/file-1', 'alone')).failed).toEqual([]);
    await expect(put('tree', 'no/such/folder')).rejects.toMatchObject({
      message: 'needs 120 KB, 90 KB free of 100 KB',
    });
  });

  it('looks at nothing where it is told so, and stops at the line', async () => {
    files('tree', 30, 10_000);
    const result = await put('tree', 'tree', { checkRoom: false, jobs: 1 });
    expect(result.failed.map(({ fault }) => fault.code)).toEqual(['quota']);
    expect(result.results).toHaveLength(10);
  });

  it('takes into account what is replaced, in folders of folders too', async () => {
    files('tree', 4, 10_000, 'a');
    files('tree/sub', 4, 10_000, 'a');
    expect((await put('tree', 'tree')).failed).toEqual([]);
    files('tree', 4, 10_000, 'b');
    files('tree/sub', 4, 10_000, 'b');
    const { failed, results } = await put('tree', 'tree', { jobs: 2 });
    expect(failed).toEqual([]);
    expect(results).toHaveLength(8);
    expect(contents('tree/sub')).toEqual(new Set(['b']));

    files('tree', 4, 30_000, 'c');
    await expect(put('tree', 'tree')).rejects.toMatchObject({ message: 'needs 80 KB, 20 KB free of 100 KB' });
    expect(contents('tree/sub')).toEqual(new Set(['b']));
  });

  it('takes into account partial files that are gone on with', async () => {
    files('tree', 2, 40_000);
    await link.use(async (remote) => {
      await remote.mkdir('tree');
      const handle = await remote.open('tree/file-0.filepart', { write: true, create: true });
      await handle.write(0, Buffer.from('x'.repeat(30_000)));
      await handle.close();
    });
    const decisions = {
      collision: () => Promise.resolve('resume' as const),
      mismatch: () => Promise.resolve('fail' as const),
    };
    const { failed, results } = await put('tree', 'tree', { decisions });
    expect(failed).toEqual([]);
    expect(results.map(({ resumedAt }) => resumedAt).sort((a, b) => b - a)).toEqual([30_000, 0]);
  });

  it('writes over files in their places where old and new do not fit together', async () => {
    files('tree', 8, 12_000, 'a');
    expect((await put('tree', 'tree')).failed).toEqual([]);
    files('tree', 8, 12_400, 'b');
    const { failed, notes } = await put('tree', 'tree', { jobs: 4 });
    expect(failed).toEqual([]);
    expect(contents('tree')).toEqual(new Set(['b']));
    expect(notes.filter((note) => note.includes('written in place'))).toHaveLength(8);
  });

  it('does the same for one file', async () => {
    writeFileSync(join(local, 'alone'), 'a'.repeat(60_000));
    expect((await put('alone', 'alone')).failed).toEqual([]);
    writeFileSync(join(local, 'alone'), 'b'.repeat(90_000));
    const { failed, notes } = await put('alone', 'alone');
    expect(failed).toEqual([]);
    expect(notes.some((note) => note.includes('no room'))).toBe(true);
    expect(statSync(join(home, 'alone')).size).toBe(90_000);
    expect(readFileSync(join(home, 'alone'), 'utf8')).toBe('b'.repeat(90_000));
  });
});

describe('room for files', () => {
  beforeEach(() => as('bob'));

  it('counts files and folders, and what is there already', async () => {
    files('many', 40, 1);
    await expect(put('many', 'many')).rejects.toMatchObject({
      code: 'quota',
      message: 'needs 41 files, 40 free of 40',
    });
    files('fits', 30, 1);
    expect((await put('fits', 'fits')).failed).toEqual([]);
    files('fits', 35, 2);
    const { failed, results } = await put('fits', 'fits');
    expect(failed).toEqual([]);
    expect(results).toHaveLength(35);
    files('fits', 50, 2);
    await expect(put('fits', 'fits')).rejects.toMatchObject({ message: 'needs 15 files, 4 free of 40' });
  });
});
