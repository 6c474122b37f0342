import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { scale } from '../scale.js';
import type { Asked } from '../sftp/session-pair.js';
import { line, overFiles, type LinedHomes, type Loader } from './lined-homes.js';

/** For what grows with `CI=true`. */
const longTimeout = 600_000;

const exclusive = openFlags.write | openFlags.create | openFlags.exclusive;

/** Everything that takes an inode. Our client's SYMLINK names the link first [PROTOCOL 3.2]. */
const inodes = {
  folders: (path: string): Asked => ({ kind: 'mkdir', path, attrs: {} }),
  'symbolic links': (path: string): Asked => ({ kind: 'symlink', first: path, second: 'nowhere' }),
  'empty files': (path: string): Asked => ({ kind: 'open', path, flags: exclusive, attrs: {} }),
} satisfies Record<string, (path: string) => Asked>;

/** Ways to inodes that nobody counted, each closed [L1, L3]. */
export function filesAreCharged(homes: () => LinedHomes): void {
  describe.each(Object.entries(inodes))('a flood of %s', (_what, request) => {
    it(
      'ends at the line, and what is removed is given back',
      async () => {
        const user = await homes().next().connect();
        const made: string[] = [];
        const sentences = new Set<string>();
        const names = Array.from({ length: scale('quotaFlood') }, (_, index) => `/${index}`);
        await user.wire.queue(64, names, async (path) => {
          const reply = await user.wire.ask(request(path));
          if (reply.kind === 'status' && reply.code !== 0) {
            expect(reply.code, reply.message).toBe(4);
            sentences.add(reply.message);
            return;
          }
          made.push(path);
          if (reply.kind === 'handle') await user.wire.close(reply.handle);
        });
        expect(made).toHaveLength(line.files);
        expect([...sentences]).toEqual([expect.stringMatching(overFiles)]);
        expect(await user.balanced()).toEqual({ bytes: 0, files: line.files });
        const kind = request('').kind === 'mkdir' ? 'rmdir' : 'remove';
        await user.wire.queue(16, made.slice(0, 60), (path) => user.wire.must({ kind, path }));
        expect(await user.balanced()).toEqual({ bytes: 0, files: 40 });
        await Promise.all(Array.from({ length: 60 }, (_, index) => makeFolder(user, `/again-${index}`)));
        expect(await user.refusal(request('/one more'))).toMatch(overFiles);
        expect(await user.balanced()).toEqual({ bytes: 0, files: line.files });
      },
      longTimeout,
    );
  });

  it('from 16 sessions at once takes each of the last inodes once', async () => {
    const home = homes().next();
    const users = await Promise.all(Array.from({ length: 16 }, () => home.connect()));
    const kinds = Object.values(inodes);
    const replies = await Promise.all(
      users.flatMap(({ wire }, index) =>
        Array.from({ length: 20 }, (_, place) => {
          const make = kinds[place % kinds.length] ?? inodes.folders;
          return wire.ask(make(`/${index}-${place}`));
        }),
      ),
    );
    const done = replies.filter(
      (reply) => reply.kind === 'handle' || (reply.kind === 'status' && reply.code === 0),
    );
    expect(done).toHaveLength(line.files);
    expect(await users[0]?.balanced()).toEqual({ bytes: 0, files: line.files });
  });

  describe('with the files line exactly full', () => {
    async function full(): Promise<{ readonly user: Loader; readonly folder: string }> {
      const home = homes().next();
      const user = await home.connect();
      await user.put('/file', 1000);
      await makeFolder(user, '/folder');
      await user.wire.must({ kind: 'symlink', first: '/symlink', second: 'file' });
      await Promise.all(Array.from({ length: line.files - 3 }, (_, index) => makeFolder(user, `/${index}`)));
      return { user, folder: home.folder };
    }

    it('every way to one more inode is refused, and leaves nothing', async () => {
      const { user } = await full();
      for (const request of Object.values(inodes))
        expect(await user.refusal(request('/new'))).toMatch(overFiles);
      const copy: Asked = { kind: 'copy-file', from: '/file', to: '/new', overwrite: false };
      expect(await user.refusal(copy)).toMatch(overFiles);
      const { status } = await user.wire.exec('scp -t /new', 'C0644 0 new\n\0');
      expect(status).toBe(1);
      expect(await user.balanced()).toEqual({ bytes: 1000, files: line.files });
    });

    it('what takes none still works: another link, RENAME of anything, writing, times', async () => {
      const { user, folder } = await full();
      await user.link('/file', '/link');
      for (const name of ['file', 'folder', 'symlink']) {
        await user.wire.must({ kind: 'rename', from: `/${name}`, to: `/${name} moved` });
        await user.rename(`/${name} moved`, `/${name}`);
      }
      await user.put('/file', 2000);
      await user.wire.must({ kind: 'setstat', path: '/file', attrs: { atime: 1e9, mtime: 1e9 } });
      expect(statSync(join(folder, 'file')).mtimeMs).toBe(1e12);
      expect(await user.balanced()).toEqual({ bytes: 2000, files: line.files });
    });

    it('removing, and renaming over, make room for as many', async () => {
      const { user } = await full();
      await user.rename('/0', '/1');
      await user.rename('/symlink', '/file');
      expect(await user.balanced()).toEqual({ bytes: 0, files: line.files - 2 });
      await user.remove('/file');
      await user.wire.must({ kind: 'rmdir', path: '/2' });
      await Promise.all([3, 4, 5, 6].map((index) => makeFolder(user, `/${index}/in`)));
      expect(await user.refusal(inodes.folders('/7/in'))).toMatch(overFiles);
      expect(await user.balanced()).toEqual({ bytes: 0, files: line.files });
    });

    it('a file that is removed while it is open keeps its place until it is closed', async () => {
      const { user } = await full();
      const handle = await user.wire.open('/file', openFlags.read);
      await user.remove('/file');
      expect(await user.refusal(inodes.folders('/new'))).toMatch(overFiles);
      await user.wire.close(handle);
      await makeFolder(user, '/new');
      expect(await user.balanced()).toEqual({ bytes: 0, files: line.files });
    });
  });

  it('refused requests leave nothing on the bill: names that exist, parents that do not', async () => {
    const user = await homes().next().connect();
    await makeFolder(user, '/there');
    for (let index = 0; index < 40; index++) {
      for (const request of Object.values(inodes)) {
        for (const path of ['/there', '/nowhere/below', `/${'n'.repeat(300)}`]) {
          expect((await user.wire.get('status', request(path))).code).not.toBe(0);
        }
      }
    }
    expect(await user.balanced()).toEqual({ bytes: 0, files: 1 });
  });
}

function makeFolder(user: Loader, path: string): Promise<void> {
  return user.wire.must(inodes.folders(path));
}
