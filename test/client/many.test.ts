import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { localFromText } from '../../src/client/local-path.js';
import type { Link } from '../../src/client/link.js';
import { getMany, putMany } from '../../src/client/many.js';
import type { TransferItem } from '../../src/client/transfer.js';
import { fromText } from '../../src/names.js';
import { createServer, type Server } from '../../src/index.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { linkTo, manyOptions } from './linked.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

const item = (remote: string, local: string): TransferItem => ({
  remote: fromText(remote),
  local: localFromText(local),
});

/** Everything below a folder: names, modes, times in seconds, contents. */
function treeOf(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below), { encoding: 'latin1' })
    .sort()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      const full = Buffer.from(`${folder}/${path}`, 'latin1');
      const stat = statSync(full);
      const what = `${path} ${(stat.mode & 0o777).toString(8)} ${Math.floor(stat.mtimeMs / 1000)}`;
      return stat.isDirectory()
        ? [`${what} folder`, ...treeOf(folder, path)]
        : [`${what} ${readFileSync(full).toString('latin1')}`];
    });
}

/** A tree with what trees have: folders in folders, empty ones, odd names, odd modes. */
function plant(folder: string): void {
  mkdirSync(join(folder, 'a/b/c'), { recursive: true });
  mkdirSync(join(folder, 'empty'));
  for (let index = 0; index < 12; index++)
    writeFileSync(join(folder, 'a', `file ${index}`), `content ${index}`);
  writeFileSync(join(folder, 'a/b/c/nothing'), '');
  writeFileSync(join(folder, 'a/b/größe'), 'x'.repeat(300_000));
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/a/`), Buffer.from([0xff, 0x2d])]), 'no text');
  chmodSync(join(folder, 'a/file 7'), 0o640);
  chmodSync(join(folder, 'a/b'), 0o750);
  for (const [index, name] of ['a/file 3', 'a/b/c', 'a/b', 'a', 'empty'].entries()) {
    utimesSync(join(folder, name), 1_000_000_000 + index, 1_100_000_000 + index);
  }
}

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-many-'));
});
afterEach(() => {
  rmSync(work, { recursive: true });
});

describe.each(['our server', "OpenSSH's server"] as const)('trees and %s', (which) => {
  const skipped = which !== 'our server' && withoutSshd();
  let sshd: Sshd | null = null;
  let server: Server | null = null;
  let folder: string;
  let link: Link;
  let base = '';
  beforeAll(async () => {
    if (skipped) return;
    if (which === 'our server') {
      base = mkdtempSync(join(tmpdir(), 'plimsoll-many-server-'));
      server = await createServer({
        accounts: { alice: { password: 'secret', quota: '20MB' } },
        homes: join(base, 'homes'),
      }).listen(0);
      folder = join(base, 'homes/alice');
      ({ link } = linkTo({ port: server.port, user: 'alice', password: 'secret' }));
    } else {
      sshd = await startSshd();
      ({ folder } = sshd);
      ({ link } = linkTo(sshd));
    }
  });
  afterAll(async () => {
    if (skipped) return;
    await link.end();
    await sshd?.stop();
    await server?.close({ grace: 0 });
    if (base !== '') rmSync(base, { recursive: true });
  });

  it.skipIf(skipped)('move there and back with modes and times of files and folders', async () => {
    const [there, back] = [join(work, 'there'), join(work, 'back')];
    mkdirSync(there);
    plant(there);
    const up = manyOptions({ preserve: true, jobs: 8 });
    const put = await putMany(link, [item('tree', there)], up.options);
    expect(put.failed).toEqual([]);
    expect(put.results).toHaveLength(15);
    expect(up.told.totals).toEqual([[expect.any(Number), 15]]);
    expect(treeOf(join(folder, 'tree'))).toEqual(treeOf(there));
    const down = manyOptions({ preserve: true });
    const got = await getMany(link, [item('tree', back)], down.options);
    expect(got.failed).toEqual([]);
    expect(treeOf(back)).toEqual(treeOf(there));
    expect(down.told.totals).toEqual(up.told.totals);
    expect(down.told.underWay.most).toBeGreaterThan(1);
    expect(down.told.underWay.most).toBeLessThanOrEqual(4);
  });

  it.skipIf(skipped)('go into what is there already, and find what has not changed', async () => {
    const there = join(work, 'there');
    mkdirSync(there);
    plant(there);
    const first = await putMany(link, [item('again', there)], manyOptions().options);
    expect(first.failed).toEqual([]);
    writeFileSync(join(there, 'a/file 1'), 'something else');
    const { options, told } = manyOptions();
    const second = await putMany(link, [item('again', there)], options);
    expect(second.failed).toEqual([]);
    // A server that cannot hash cannot tell what is equal.
    const changed = told.ends.filter((line) => line.endsWith(': transferred'));
    expect(changed).toContain(`${there}/a/file 1: transferred`);
    if (which === 'our server') expect(changed).toHaveLength(1);
    expect(readFileSync(join(folder, 'again/a/file 1'), 'utf8')).toBe('something else');
  });

  it.skipIf(skipped)('leave out symlinks, loops of them too, and what is no file', async () => {
    const there = join(work, 'there');
    mkdirSync(join(there, 'sub'), { recursive: true });
    writeFileSync(join(there, 'file'), 'content');
    symlinkSync('file', join(there, 'link'));
    symlinkSync('..', join(there, 'sub/loop'));
    symlinkSync('/etc', join(there, 'elsewhere'));
    spawnSync('mkfifo', [join(there, 'pipe')]);
    const up = manyOptions();
    const put = await putMany(link, [item('links', there)], up.options);
    expect(put.failed).toEqual([]);
    expect(readdirSync(join(folder, 'links')).sort()).toEqual(['file', 'sub']);
    expect(readdirSync(join(folder, 'links/sub'))).toEqual([]);
    expect(up.told.notes.filter((note) => note.includes('left out')).sort()).toEqual([
      `${there}/elsewhere: a symbolic link: left out`,
      `${there}/link: a symbolic link: left out`,
      `${there}/pipe: not a regular file: left out`,
      `${there}/sub/loop: a symbolic link: left out`,
    ]);

    symlinkSync('..', join(folder, 'links/sub/loop'));
    symlinkSync('file', join(folder, 'links/link'));
    const down = manyOptions();
    const got = await getMany(link, [item('links', join(work, 'back'))], down.options);
    expect(got.failed).toEqual([]);
    expect(readdirSync(join(work, 'back')).sort()).toEqual(['file', 'sub']);
    expect(readdirSync(join(work, 'back/sub'))).toEqual([]);
    expect(down.told.notes.filter((note) => note.includes('left out'))).toHaveLength(2);
  });

  it.skipIf(skipped)('follow a symlink that an item names', async () => {
    mkdirSync(join(work, 'real'));
    writeFileSync(join(work, 'real/file'), 'content');
    symlinkSync('real', join(work, 'link'));
    const put = await putMany(link, [item('named', join(work, 'link'))], manyOptions().options);
    expect(put.failed).toEqual([]);
    symlinkSync('named', join(folder, 'named-link'));
    mkdirSync(join(work, 'other'));
    symlinkSync('other', join(work, 'into'));
    const got = await getMany(link, [item('named-link', join(work, 'into'))], manyOptions().options);
    expect(got.failed).toEqual([]);
    expect(readdirSync(join(work, 'other'))).toEqual(['file']);
  });

  it.skipIf(skipped)('do not take a file for a folder, and go on with the others', async () => {
    const there = join(work, 'there');
    mkdirSync(join(there, 'x/y'), { recursive: true });
    writeFileSync(join(there, 'x/y/deep'), 'deep');
    writeFileSync(join(there, 'z'), 'z');
    mkdirSync(join(folder, 'mixed'));
    writeFileSync(join(folder, 'mixed/x'), 'a file');
    const put = await putMany(link, [item('mixed', there)], manyOptions({ preserve: true }).options);
    expect(put.failed.map(({ remote, fault }) => `${remote}: ${fault.code}`)).toEqual([
      'mixed/x: not-a-folder',
    ]);
    expect(put.results.map(({ remote }) => remote)).toEqual(['mixed/z']);
    expect(readFileSync(join(folder, 'mixed/x'), 'utf8')).toBe('a file');

    mkdirSync(join(work, 'back'));
    writeFileSync(join(work, 'back/mixed'), 'a file here');
    mkdirSync(join(work, 'back/sub'));
    mkdirSync(join(work, 'back/sub/z'));
    const got = await getMany(
      link,
      [
        item('mixed', join(work, 'back/mixed')),
        item('mixed', join(work, 'back/sub')),
        item('nothing', join(work, 'n')),
      ],
      manyOptions().options,
    );
    expect(got.failed.map(({ local, fault }) => `${local}: ${fault.code}`).sort()).toEqual([
      `${work}/back/mixed: not-a-folder`,
      `${work}/back/sub/z: is-a-folder`,
      `${work}/n: not-found`,
    ]);
    expect(readFileSync(join(work, 'back/sub/x'), 'utf8')).toBe('a file');
  });

  it.skipIf(skipped)('keep files apart whose names are those of partial files', async () => {
    const there = join(work, 'there');
    mkdirSync(there);
    const names = ['x', 'x.part', 'x.filepart', 'x.part.part', 'x.filepart.filepart', 'y'];
    for (const name of names) writeFileSync(join(there, name), `this is ${name}`.repeat(1000));
    for (const round of [1, 2]) {
      const put = await putMany(link, [item('parts', there)], manyOptions({ jobs: 8 }).options);
      expect(put.failed, `put ${round}`).toEqual([]);
      expect(
        treeOf(join(folder, 'parts')).map((line) => line.replace(/^(\S+) .*? this/s, '$1 this').slice(0, 40)),
      ).toEqual(treeOf(there).map((line) => line.replace(/^(\S+) .*? this/s, '$1 this').slice(0, 40)));
      const got = await getMany(link, [item('parts', join(work, 'back'))], manyOptions({ jobs: 8 }).options);
      expect(got.failed, `get ${round}`).toEqual([]);
      for (const name of names) {
        expect(readFileSync(join(work, 'back', name), 'utf8')).toBe(`this is ${name}`.repeat(1000));
      }
      for (const name of names) writeFileSync(join(there, name), `this is ${name}`.repeat(1000));
    }
  });
});

describe('many files', () => {
  let server: TestServer;
  let link: Link;
  beforeAll(async () => {
    server = await startTestServer();
  });
  beforeEach(() => {
    ({ link } = linkTo(server));
  });
  afterEach(() => link.end());
  afterAll(() => server.close());

  it('refuse folders without -r, by its name', async () => {
    await server.write('/folder/file', 'x');
    const { options } = manyOptions({ recursive: false });
    const got = await getMany(link, [item('folder', join(work, 'folder'))], options);
    expect(got.failed[0]?.fault).toMatchObject({
      code: 'is-a-folder',
      message: expect.stringContaining('-r') as string,
    });
    mkdirSync(join(work, 'here'));
    const put = await putMany(link, [item('there', join(work, 'here'))], options);
    expect(put.failed[0]?.fault).toMatchObject({
      code: 'is-a-folder',
      message: expect.stringContaining('-r') as string,
    });
    expect(existsSync(join(work, 'folder'))).toBe(false);
    expect(await server.list('/')).not.toContain('there');
  });

  it('move the others where one fails, and tell which', async () => {
    await server.write('/some/a', 'a');
    await server.write('/some/c', 'c');
    const { options, told } = manyOptions();
    const items = ['a', 'b', 'c'].map((name) => item(`some/${name}`, join(work, name)));
    const got = await getMany(link, items, options);
    expect(got.failed.map(({ remote, fault }) => [remote, fault.code])).toEqual([['some/b', 'not-found']]);
    expect(readdirSync(work).sort()).toEqual(['a', 'c']);
    expect(told.totals).toEqual([[2, 2]]);
    const put = await putMany(
      link,
      items.map(({ local }, index) => ({ remote: `back-${index}`, local })),
      options,
    );
    expect(put.failed.map(({ remote, fault }) => [remote, fault.code])).toEqual([['back-1', 'not-found']]);
    expect(await server.list('/')).toEqual(expect.arrayContaining(['back-0', 'back-2']));
  });

  it('ask nothing about files that go into a folder that was just made', async () => {
    const there = join(work, 'there');
    mkdirSync(there);
    for (let index = 0; index < 20; index++) writeFileSync(join(there, `file-${index}`), 'x');
    server.requests.clear();
    const put = await putMany(link, [item('fresh', there)], manyOptions().options);
    expect(put.failed).toEqual([]);
    const asked = server.requests.map(({ operation }) => operation);
    for (const operation of ['stat', 'opendir']) expect(asked).not.toContain(operation);
    // Opened, written, closed, hashed, renamed; and one look before the rename, on the way with others.
    expect(asked.length).toBeLessThanOrEqual(20 * 6 + 10);
  });

  it('begin with the first file before the tree is read', async () => {
    for (let index = 0; index < 20; index++) await server.write(`/wide/${index}/file`, 'x');
    server.requests.clear();
    const got = await getMany(link, [item('wide', join(work, 'wide'))], manyOptions().options);
    expect(got.failed).toEqual([]);
    const operations = server.requests.map(({ operation }) => operation);
    expect(operations.indexOf('read')).toBeLessThan(operations.lastIndexOf('opendir'));
  });

  it('stop when they are cancelled, and begin nothing else', async () => {
    for (let index = 0; index < 30; index++) await server.write(`/stopped/${index}`, 'x'.repeat(1000));
    const stop = new AbortController();
    const { options } = manyOptions({ signal: stop.signal, jobs: 2 });
    let ended = 0;
    const got = await getMany(link, [item('stopped', join(work, 'stopped'))], {
      ...options,
      watcher: {
        end: () => {
          if (++ended === 5) stop.abort();
        },
      },
    });
    expect(got.failed.length).toBeGreaterThan(0);
    expect(new Set(got.failed.map(({ fault }) => fault.code))).toEqual(new Set(['cancelled']));
    expect(got.results.length + got.failed.length).toBeLessThan(10);
    const before = await putMany(link, [item('x', work)], options);
    expect(before.failed.map(({ fault }) => fault.code)).toEqual(['cancelled']);
  });

  it('go on after the connection broke, both ways, each file where it was', async () => {
    const { link: patient, said } = linkTo(server, 3);
    const there = join(work, 'there');
    mkdirSync(join(there, 'sub'), { recursive: true });
    for (let index = 0; index < 40; index++) {
      writeFileSync(join(there, index % 2 ? 'sub' : '', `file-${index}`), String(index).repeat(20_000));
    }
    const { options } = manyOptions({ jobs: 4 });
    for (const bytes of [100_000, 400_000, 700_000]) server.faults.cutAfter(bytes);
    const put = await putMany(patient, [item('cut', there)], options);
    expect(put.failed).toEqual([]);
    expect(put.results).toHaveLength(40);
    for (const bytes of [20_000, 300_000, 600_000]) server.faults.cutAfter(bytes);
    const got = await getMany(patient, [item('cut', join(work, 'back'))], options);
    expect(got.failed).toEqual([]);
    expect(got.results).toHaveLength(40);
    expect(treeOf(join(work, 'back')).map((line) => line.split(' ').at(-1))).toEqual(
      treeOf(there).map((line) => line.split(' ').at(-1)),
    );
    expect(said.filter((sentence) => sentence === 'connected again')).toHaveLength(6);
    await patient.end();
  });

  it('stop when the connection is lost for good', async () => {
    for (let index = 0; index < 30; index++) await server.write(`/lost/${index}`, 'x'.repeat(1000));
    const { options } = manyOptions({ jobs: 2 });
    let ended = 0;
    const got = await getMany(link, [item('lost', join(work, 'lost'))], {
      ...options,
      watcher: {
        end: () => {
          if (++ended === 5) server.faults.cut();
        },
      },
    });
    expect(new Set(got.failed.map(({ fault }) => fault.code))).toEqual(new Set(['no-connection']));
    expect(got.results.length + got.failed.length).toBeLessThan(12);
  });
});
