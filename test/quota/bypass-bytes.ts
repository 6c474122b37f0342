import { linkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import type { Asked } from '../sftp/session-pair.js';
import { awaited } from '../interop/awaited.js';
import { Chance } from '../sftp/fuzzed-stream.js';
import { line, overLine, writeOf, type LinedHomes } from './lined-homes.js';

/** Ways to bytes that nobody counted, each closed [L1, L3]. */
export function bytesAreCharged(homes: () => LinedHomes): void {
  describe('holes and sizes', () => {
    it('1 byte at offset 2^40 is refused; a hole that fits is charged whole', async () => {
      const user = await homes().next().connect();
      const handle = await user.create('/sparse');
      expect(await user.writeRefusal(handle, 2 ** 40, 1)).toMatch(overLine);
      await user.wire.must(writeOf(handle, 2 ** 40, 0));
      expect(await user.balanced()).toEqual({ bytes: 0, files: 1 });
      await user.fill(handle, line.bytes - 1, line.bytes);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 1 });
      expect(await user.writeRefusal(handle, line.bytes, 1)).toMatch(overLine);
      expect(await user.writeRefusal(handle, line.bytes - 1, 2)).toMatch(overLine);
      // What lies in the hole is paid already.
      await user.fill(handle, 0, 300_000);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 1 });
    });

    it.each(['setstat', 'fsetstat', 'lsetstat@openssh.com'] as const)(
      '%s pays for a size, and gets it back',
      async (kind) => {
        const user = await homes().next().connect();
        const handle = await user.create('/sized');
        const other = await user.create('/other');
        const sized = (size: number): Asked =>
          kind === 'fsetstat' ? { kind, handle, attrs: { size } } : { kind, path: '/sized', attrs: { size } };
        for (const size of [line.bytes + 1, 2 ** 40, 2 ** 53 - 1])
          expect(await user.refusal(sized(size))).toMatch(overLine);
        expect(await user.balanced()).toEqual({ bytes: 0, files: 2 });
        await user.wire.must(sized(line.bytes));
        expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
        expect(await user.writeRefusal(other, 0, 1)).toMatch(overLine);
        await user.wire.must(sized(0));
        await user.fill(other, 0, line.bytes);
        expect(await user.refusal(sized(1))).toMatch(overLine);
        expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
      },
    );

    it('sizes and WRITEs on the way at once end as they were answered', async () => {
      const user = await homes().next().connect();
      const handle = await user.create('/played');
      const chance = new Chance(7);
      const wanted = Array.from({ length: 300 }, (): Asked => {
        const size = chance.below(1_200_000);
        if (chance.happens(2 / 3)) return writeOf(handle, size, 1 + chance.below(20_000));
        const attrs = { size };
        return chance.happens(1 / 2)
          ? { kind: 'fsetstat', handle, attrs }
          : { kind: 'setstat', path: '/played', attrs };
      });
      const ids = wanted.map((request) => user.wire.send(request));
      let size = 0;
      for (const [index, id] of ids.entries()) {
        const request = wanted[index];
        const { code, message } = await user.wire.got('status', id);
        const end =
          request?.kind === 'write' ? Math.max(size, request.offset + request.length) : sizeIn(request);
        if (end <= line.bytes) expect([code, message]).toEqual([0, '']);
        else expect([code, message]).toEqual([4, expect.stringMatching(overLine)]);
        if (code === 0) size = end;
      }
      expect(await user.balanced()).toEqual({ bytes: size, files: 1 });
    });
  });

  describe('copies', () => {
    it('copy-data is charged as WRITEs are, and never goes onto itself [PROTOCOL 4.11]', async () => {
      const user = await homes().next().connect();
      await user.put('/source', 300_000);
      await user.link('/source', '/same');
      const from = await user.wire.open('/source', openFlags.read);
      const copy = (to: string, toOffset: number): Asked => ({
        ...{ kind: 'copy-data', from, fromOffset: 0, length: 0 },
        ...{ to, toOffset },
      });
      for (const path of ['/source', '/same']) {
        const itself = await user.wire.open(path, openFlags.write);
        expect(await user.refusal(copy(itself, 300_000))).toContain('the same file');
      }
      const target = await user.create('/target');
      await user.wire.must(copy(target, 0));
      await user.wire.must(copy(target, 300_000));
      // In place.
      await user.wire.must(copy(target, 1000));
      expect(await user.balanced()).toEqual({ bytes: 900_000, files: 2 });
      for (const offset of [600_000, 800_000, 2 ** 40])
        expect(await user.refusal(copy(target, offset))).toMatch(overLine);
      expect(await user.balanced()).toEqual({ bytes: 900_000, files: 2 });
    });

    it('copy-file repeated: what does not fit leaves nothing', async () => {
      const user = await homes().next().connect();
      await user.put('/source', 300_000);
      const copy = (to: string, overwrite = false): Asked => ({
        ...{ kind: 'copy-file', from: '/source' },
        ...{ to, overwrite },
      });
      await user.wire.must(copy('/copy-1'));
      await user.wire.must(copy('/copy-2'));
      for (let index = 3; index < 8; index++)
        expect(await user.refusal(copy(`/copy-${index}`))).toMatch(overLine);
      await user.wire.must(copy('/copy-2', true));
      expect(await user.balanced()).toEqual({ bytes: 900_000, files: 3 });
    });
  });

  describe('links', () => {
    it('a file is given back with its last link, not before', async () => {
      const user = await homes().next().connect();
      await user.put('/first', 600_000);
      await user.link('/first', '/second');
      await user.link('/second', '/third');
      expect(await user.balanced()).toEqual({ bytes: 600_000, files: 1 });
      for (const path of ['/first', '/third']) {
        await user.remove(path);
        expect(await user.balanced()).toEqual({ bytes: 600_000, files: 1 });
      }
      const handle = await user.create('/more');
      expect(await user.writeRefusal(handle, 600_000, 1)).toMatch(overLine);
      await user.remove('/second');
      expect(await user.balanced()).toEqual({ bytes: 0, files: 1 });
      await user.fill(handle, 0, 600_000);
      expect(await user.balanced()).toEqual({ bytes: 600_000, files: 1 });
    });

    it('links that an operator made elsewhere (cp -al) keep nothing on the bill', async () => {
      const home = homes().next();
      const user = await home.connect();
      await user.put('/plain', 300_000);
      await user.put('/linked', 300_000);
      await user.put('/replaced', 300_000);
      await user.link('/linked', '/twice');
      for (const name of ['plain', 'linked', 'replaced']) {
        linkSync(join(home.folder, name), join(homes().server.work, `${home.account} ${name}`));
      }
      await user.remove('/plain');
      expect(await user.balanced()).toEqual({ bytes: 600_000, files: 2 });
      await user.remove('/linked');
      expect(await user.balanced()).toEqual({ bytes: 600_000, files: 2 });
      await user.remove('/twice');
      expect(await user.balanced()).toEqual({ bytes: 300_000, files: 1 });
      await user.put('/new', 1);
      await user.rename('/new', '/replaced');
      expect(await user.balanced()).toEqual({ bytes: 1, files: 1 });
      await user.put('/whole', line.bytes - 1);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });
  });

  describe('removed while open', () => {
    it('each stays paid until its last close', async () => {
      const home = homes().next();
      const [user, other] = [await home.connect(), await home.connect()];
      const orphans: string[] = [];
      for (let index = 0; index < 3; index++) {
        const handle = await user.create('/orphan');
        await user.fill(handle, 0, 300_000);
        await user.remove('/orphan');
        orphans.push(handle);
      }
      expect((await other.used()).bytes).toBe(900_000);
      const handle = await other.create('/more');
      expect(await other.writeRefusal(handle, 0, 100_001)).toMatch(overLine);
      // What nobody can name any more grows under the line, too.
      expect(await user.writeRefusal(orphans[0] ?? '', 300_000, 100_001)).toMatch(overLine);
      await user.fill(orphans[0] ?? '', 300_000, 400_000);
      expect(await other.writeRefusal(handle, 0, 1)).toMatch(overLine);
      await user.wire.close(orphans[0] ?? '');
      expect((await other.used()).bytes).toBe(600_000);
      await other.fill(handle, 0, 400_000);
      // The connection breaks: its handles are closed.
      user.wire.end();
      await awaited(
        () => 'what the other session held open',
        async () => (await other.used()).bytes === 400_000,
      );
      expect(await other.balanced()).toEqual({ bytes: 400_000, files: 1 });
    });

    it('with a handle in each of two sessions the second close gives back', async () => {
      const home = homes().next();
      const [user, other] = [await home.connect(), await home.connect()];
      await user.put('/shared', 500_000);
      const handles = [
        await user.wire.open('/shared', openFlags.read),
        await other.wire.open('/shared', openFlags.write),
      ] as const;
      await user.remove('/shared');
      await user.wire.close(handles[0]);
      expect((await user.used()).bytes).toBe(500_000);
      await other.wire.close(handles[1]);
      expect(await user.balanced()).toEqual({ bytes: 0, files: 0 });
    });
  });

  describe('renamed over', () => {
    it('twenty times: the old content is given back once each time', async () => {
      const user = await homes().next().connect();
      await user.put('/target', 300_000);
      for (let size = 300_001; size <= 300_020; size++) {
        await user.put('/new', size);
        await user.rename('/new', '/target');
        expect(await user.balanced()).toEqual({ bytes: size, files: 1 });
      }
    });

    it('a file that is open: the old content is paid until its close', async () => {
      const home = homes().next();
      const [user, other] = [await home.connect(), await home.connect()];
      await user.put('/target', 500_000);
      const held = await other.wire.open('/target', openFlags.read | openFlags.write);
      await user.put('/new', 300_000);
      await user.rename('/new', '/target');
      expect((await user.used()).bytes).toBe(800_000);
      await other.fill(held, 500_000, 700_000);
      const handle = await user.create('/more');
      expect(await user.writeRefusal(handle, 0, 1)).toMatch(overLine);
      await other.wire.close(held);
      await user.fill(handle, 0, 700_000);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });

    it('between two links of one inode nothing changes', async () => {
      const home = homes().next();
      const user = await home.connect();
      await user.put('/one', 500_000);
      await user.link('/one', '/two');
      await user.rename('/one', '/two');
      await user.rename('/one', '/one');
      expect(await user.balanced()).toEqual({ bytes: 500_000, files: 1 });
      expect(statSync(join(home.folder, 'one')).nlink).toBe(2);
      await user.remove('/one');
      expect(await user.balanced()).toEqual({ bytes: 500_000, files: 1 });
      await user.remove('/two');
      expect(await user.balanced()).toEqual({ bytes: 0, files: 0 });
    });

    it('RENAME, which never replaces, leaves both on the bill', async () => {
      const user = await homes().next().connect();
      await user.put('/one', 100_000);
      await user.put('/two', 200_000);
      expect(await user.refusal({ kind: 'rename', from: '/one', to: '/two' })).toContain('exists');
      expect(await user.balanced()).toEqual({ bytes: 300_000, files: 2 });
    });
  });

  describe('truncated by OPEN', () => {
    it('what it frees stays with that handle until CLOSE: the file can be uploaded again, by nobody else', async () => {
      const home = homes().next();
      const [user, other] = [await home.connect(), await home.connect()];
      await user.put('/full', line.bytes);
      const handle = await user.create('/full', openFlags.truncate);
      const theirs = await other.create('/theirs');
      expect(await other.writeRefusal(theirs, 0, 1)).toMatch(overLine);
      await user.fill(handle, 0, 600_000);
      expect(await other.writeRefusal(theirs, 0, 1)).toMatch(overLine);
      await user.wire.close(handle);
      expect(await user.balanced()).toEqual({ bytes: 600_000, files: 2 });
      await other.fill(theirs, 0, 400_000);
      expect(await other.writeRefusal(theirs, 400_000, 1)).toMatch(overLine);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });

    it('two sessions upload again what each truncated, and not a byte more', async () => {
      const home = homes().next();
      const users = [await home.connect(), await home.connect()];
      await Promise.all(users.map((user, index) => user.put(`/file-${index}`, line.bytes / 2)));
      await Promise.all(
        users.map(async (user, index) => {
          const handle = await user.create(`/file-${index}`, openFlags.truncate);
          await user.fill(handle, 0, line.bytes / 2);
          expect(await user.writeRefusal(handle, line.bytes / 2, 1)).toMatch(overLine);
          await user.wire.close(handle);
        }),
      );
      expect(await users[0]?.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });

    it('two sessions that truncate one file do not both have its bytes', async () => {
      const home = homes().next();
      const [user, other] = [await home.connect(), await home.connect()];
      await user.put('/full', line.bytes);
      const first = await user.create('/full', openFlags.truncate);
      const second = await other.create('/full', openFlags.truncate);
      const answers = await Promise.all(
        [user.wire, other.wire].flatMap((wire, index) =>
          [0, 1, 2, 3].map(async (place) => {
            const handle = index === 0 ? first : second;
            const offset = (place * 2 + index) * 200_000;
            return (await wire.get('status', writeOf(handle, offset, 200_000))).code;
          }),
        ),
      );
      expect(answers.filter((code) => code === 0).length).toBeGreaterThan(0);
      await user.wire.close(first);
      await other.wire.close(second);
      expect((await user.balanced()).bytes).toBeLessThanOrEqual(line.bytes);
    });

    it('and closed without a WRITE it gives everything back', async () => {
      const home = homes().next();
      const [user, other] = [await home.connect(), await home.connect()];
      await user.put('/emptied', line.bytes);
      await user.wire.close(await user.create('/emptied', openFlags.truncate));
      expect(await user.balanced()).toEqual({ bytes: 0, files: 1 });
      await other.put('/theirs', line.bytes);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });

    it('and removed while it is open it gives everything back at its close', async () => {
      const user = await homes().next().connect();
      await user.put('/emptied', line.bytes);
      const handle = await user.create('/emptied', openFlags.truncate);
      await user.remove('/emptied');
      await user.wire.close(handle);
      expect(await user.balanced()).toEqual({ bytes: 0, files: 0 });
      await user.put('/again', line.bytes);
    });
  });

  it('16 sessions append to one file: whatever fits is taken, and nothing more', async () => {
    const home = homes().next();
    const users = await Promise.all(Array.from({ length: 16 }, () => home.connect()));
    const length = 7777;
    const fitting = Math.floor(line.bytes / length);
    const codes = await Promise.all(
      users.map(async ({ wire }) => {
        const flags = openFlags.write | openFlags.append | openFlags.create;
        const handle = await wire.open('/appended', flags);
        const ids = Array.from({ length: 10 }, () => wire.send(writeOf(handle, 0, length)));
        const answers = await Promise.all(ids.map((id) => wire.got('status', id)));
        await wire.close(handle);
        return answers.map(({ code }) => code);
      }),
    );
    expect(codes.flat().filter((code) => code === 0)).toHaveLength(fitting);
    expect(await users[0]?.balanced()).toEqual({ bytes: fitting * length, files: 1 });
  });
}

function sizeIn(request: Asked | undefined): number {
  return request && 'attrs' in request ? (request.attrs.size ?? NaN) : NaN;
}
