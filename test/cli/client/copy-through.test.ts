import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyThrough } from '../../../src/cli/client/copy-through.js';
import type { RemoteHandle } from '../../../src/client/remote.js';
import { fakeRemote } from './commands/fake-remote.js';
import { openSite, siteNames, type Site } from './commands/two-servers.js';

const { signal } = new AbortController();

describe.each(siteNames)('copyThrough at %s', (name) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(name);
  });
  beforeEach(() => site.empty());
  afterAll(() => site.stop());

  const at = (path: string): string => join(site.disk, path);
  const copy = (from: string, to: string, overwrite: boolean): Promise<void> =>
    copyThrough(site.remote, `${site.folder}/${from}`, `${site.folder}/${to}`, { overwrite, signal });

  it('replaces a longer and a shorter file', async () => {
    writeFileSync(at('a'), 'short');
    writeFileSync(at('b'), 'far longer');
    await copy('a', 'b', true);
    expect(readFileSync(at('b'), 'utf8')).toBe('short');
    writeFileSync(at('a'), 'longer again');
    await copy('a', 'b', true);
    expect(readFileSync(at('b'), 'utf8')).toBe('longer again');
    await expect(copy('a', 'b', false)).rejects.toMatchObject({ name: 'Fault' });
  });

  it('loses nothing where the target is the source by another name', async () => {
    writeFileSync(at('a'), 'precious');
    symlinkSync('a', at('soft'));
    linkSync(at('a'), at('hard'));
    for (const link of ['soft', 'hard']) await copy('a', link, true).catch(() => undefined);
    expect(readFileSync(at('a'), 'utf8')).toBe('precious');
  });
});

it('does not take a part of a file for all of it, and leaves no part', async () => {
  const removed: string[] = [];
  const handle: RemoteHandle = {
    read: (offset) => Promise.resolve(offset === 0 ? [Buffer.from('half')] : null),
    write: () => Promise.resolve(),
    stat: () => Promise.resolve({ kind: 'file', size: 9 }),
    setStat: () => Promise.resolve(),
    sync: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  };
  const remote = fakeRemote({
    open: () => Promise.resolve(handle),
    remove: (path) => Promise.resolve(void removed.push(path)),
  });
  await expect(copyThrough(remote, 'a', 'b', { overwrite: false, signal })).rejects.toMatchObject({
    message: 'only 4 of 9 B could be read',
  });
  expect(removed).toEqual(['b']);
});
