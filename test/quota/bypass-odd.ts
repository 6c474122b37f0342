import { linkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import type { Asked } from '../sftp/session-pair.js';
import { line, overFiles, overLine, type LinedHomes, type Loader } from './lined-homes.js';

/** Requests that do two things at once, or something else than they seem to [L1, L3]. */
export function oddWaysAreCharged(homes: () => LinedHomes): void {
  /** Our client's SYMLINK names the link first [PROTOCOL 3.2]. */
  const symlink = (user: Loader, link: string, target: string) =>
    user.wire.must({ kind: 'symlink', first: link, second: target });

  describe('through a symbolic link', () => {
    it('a size is the size of what it leads to, and LSETSTAT gives the link none', async () => {
      const user = await homes().next().connect();
      await user.put('/file', 1000);
      await symlink(user, '/link', 'file');
      const sized = (kind: 'setstat' | 'lsetstat@openssh.com', size: number): Asked => ({
        ...{ kind, path: '/link' },
        attrs: { size },
      });
      expect(await user.refusal(sized('setstat', line.bytes + 1))).toMatch(overLine);
      await user.wire.must(sized('setstat', 400_000));
      const { code } = await user.wire.get('status', sized('lsetstat@openssh.com', 2000));
      expect(code).not.toBe(0);
      const handle = await user.wire.open('/link', openFlags.write | openFlags.truncate);
      await user.fill(handle, 0, line.bytes);
      expect(await user.writeRefusal(handle, line.bytes, 1)).toMatch(overLine);
      await user.wire.close(handle);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });

    it('that leads to nothing yet a file is made, and charged', async () => {
      const user = await homes().next().connect();
      await symlink(user, '/link', 'made');
      await user.put('/link', 5000);
      expect(await user.balanced()).toEqual({ bytes: 5000, files: 2 });
      await symlink(user, '/another', 'not made');
      const folders = Array.from({ length: line.files - 3 }, (_, index) => `/folder-${index}`);
      await Promise.all(folders.map((path) => user.wire.must({ kind: 'mkdir', path, attrs: {} })));
      const flags = openFlags.write | openFlags.create;
      expect(await user.refusal({ kind: 'open', path: '/another', flags, attrs: {} })).toMatch(overFiles);
      expect(await user.balanced()).toEqual({ bytes: 5000, files: line.files });
    });
  });

  it('a handle for reading alone gives a file no other size, unless OPEN truncated it', async () => {
    const user = await homes().next().connect();
    await user.put('/file', 600_000);
    const handle = await user.wire.open('/file', openFlags.read);
    for (const size of [0, 700_000]) {
      const { code } = await user.wire.get('status', { kind: 'fsetstat', handle, attrs: { size } });
      expect(code).not.toBe(0);
    }
    expect(await user.balanced()).toEqual({ bytes: 600_000, files: 1 });
    const flags = openFlags.read | openFlags.truncate | openFlags.create;
    const opened = await user.wire.ask({ kind: 'open', path: '/file', flags, attrs: {} });
    if (opened.kind === 'handle') await user.wire.close(opened.handle);
    await user.balanced();
  });

  it('a size that is set together with what is refused is on the ledger as it is on the disk', async () => {
    const home = homes().next();
    const user = await home.connect();
    await user.put('/file', 1000);
    const handle = await user.wire.open('/file', openFlags.read | openFlags.write);
    const refused = { uid: 4711, gid: 4711 };
    for (const [size, kind] of [
      [300_000, 'setstat'],
      [500_000, 'fsetstat'],
      [100, 'setstat'],
    ] as const) {
      const attrs = { size, ...refused };
      const request: Asked = kind === 'setstat' ? { kind, path: '/file', attrs } : { kind, handle, attrs };
      expect((await user.wire.get('status', request)).code).toBe(3);
      expect((await user.balanced()).bytes).toBe(statSync(join(home.folder, 'file')).size);
    }
  });

  it('a size in the attributes of OPEN and MKDIR means nothing', async () => {
    const user = await homes().next().connect();
    const attrs = { size: line.bytes };
    const flags = openFlags.write | openFlags.create;
    await user.wire.close(
      (await user.wire.get('handle', { kind: 'open', path: '/file', flags, attrs })).handle,
    );
    await user.wire.must({ kind: 'mkdir', path: '/folder', attrs });
    expect(await user.balanced()).toEqual({ bytes: 0, files: 2 });
  });

  it('renaming over one of several links gives back with the last of them', async () => {
    const home = homes().next();
    const user = await home.connect();
    await user.put('/one', 300_000);
    await user.link('/one', '/two');
    await user.link('/one', '/three');
    linkSync(join(home.folder, 'one'), join(homes().server.work, `${home.account} outside`));
    for (const [index, name] of ['/one', '/two', '/three'].entries()) {
      await user.put('/new', 1000);
      await user.rename('/new', name);
      const left = index < 2 ? 300_000 : 0;
      const files = index + 1 + (index < 2 ? 1 : 0);
      expect(await user.balanced()).toEqual({ bytes: left + (index + 1) * 1000, files });
    }
  });

  it('a folder renamed over an empty one is one folder less', async () => {
    const user = await homes().next().connect();
    for (const path of ['/from', '/from/in', '/onto'])
      await user.wire.must({ kind: 'mkdir', path, attrs: {} });
    await user.put('/from/in/file', 1000);
    await user.rename('/from', '/onto');
    expect(await user.balanced()).toEqual({ bytes: 1000, files: 3 });
    await user.put('/onto/in/file', 2000);
    expect(await user.balanced()).toEqual({ bytes: 2000, files: 3 });
  });
}
