import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { awaited } from '../interop/awaited.js';
import { must } from '../interop/server.js';
import type { Asked } from '../sftp/session-pair.js';
import {
  line,
  overFiles,
  overLine,
  writeOf,
  type LinedAccount,
  type LinedHomes,
  type Loader,
} from './lined-homes.js';

/** Accounts that `linesHold` needs: two that share a home, the first of which has the line, and an admin. */
export const lineAccounts = {
  shared: { quota: line.bytes, files: line.files },
  sharing: { home: 'homes/shared' },
  keeper: { role: 'admin' },
} as const satisfies Record<string, LinedAccount>;

/** Which line holds, and from when on. */
export function linesHold(homes: () => LinedHomes): void {
  const set = (account: string, ...options: readonly string[]) =>
    must(homes().server.plimsoll(['user', 'set', account, ...options]));
  /** Waits until the open session knows of its new line: a quarter of a second, at most (A3). */
  const told = (user: Loader, limit: number | null) =>
    awaited(
      () => `the line ${limit}`,
      async () => (await user.status()).home.bytes.limit === limit,
    );

  it('a line lowered below the usage refuses growth, and nothing else', async () => {
    const home = homes().next();
    const user = await home.connect();
    for (const name of ['/one', '/two', '/three']) await user.put(name, 200_000);
    const handle = await user.wire.open('/one', openFlags.read | openFlags.write);
    await set(home.account, '--quota', '100KB', '--files', '2');
    await told(user, 100_000);

    expect(await user.writeRefusal(handle, 199_999, 2)).toMatch(overLine);
    expect(await user.refusal({ kind: 'fsetstat', handle, attrs: { size: 200_001 } })).toMatch(overLine);
    expect(await user.refusal({ kind: 'mkdir', path: '/folder', attrs: {} })).toMatch(overFiles);
    const copy: Asked = { kind: 'copy-file', from: '/one', to: '/copy', overwrite: false };
    expect(await user.refusal(copy)).toMatch(/^quota exceeded: /);

    await user.fill(handle, 0, 200_000);
    expect((await user.wire.get('data', { kind: 'read', handle, offset: 0, length: 1000 })).length).toBe(
      1000,
    );
    await user.wire.must({
      kind: 'setstat',
      path: '/one',
      attrs: { atime: 1e9, mtime: 1e9, permissions: 0o600 },
    });
    await user.wire.must({ kind: 'rename', from: '/two', to: '/moved' });
    await user.put('/moved', 200_000);
    await user.wire.must({ kind: 'fsetstat', handle, attrs: { size: 150_000 } });
    await user.remove('/moved');
    expect(statSync(join(home.folder, 'one'))).toMatchObject({ size: 150_000, mode: 0o100600 });
    expect(await user.balanced()).toEqual({ bytes: 350_000, files: 2 });
    // Still above.
    expect(await user.writeRefusal(handle, 150_000, 1)).toMatch(overLine);
    await user.remove('/three');
    expect(await user.writeRefusal(handle, 150_000, 1)).toMatch(overLine);
    await user.wire.must({ kind: 'fsetstat', handle, attrs: { size: 99_000 } });
    await user.fill(handle, 99_000, 100_000);
    expect(await user.writeRefusal(handle, 100_000, 1)).toMatch(overLine);
    expect(await user.balanced()).toEqual({ bytes: 100_000, files: 1 });
  });

  it('a line that is raised lets the same handle go on', async () => {
    const home = homes().next();
    const user = await home.connect();
    const handle = await user.create('/growing');
    await user.fill(handle, 0, line.bytes);
    expect(await user.writeRefusal(handle, line.bytes, 1)).toMatch(overLine);
    await set(home.account, '--quota', '2MB');
    await told(user, 2_000_000);
    await user.fill(handle, line.bytes, 2_000_000);
    expect(await user.writeRefusal(handle, 2_000_000, 1)).toMatch(overLine);
    await set(home.account, '--quota', 'none', '--files', 'none');
    await told(user, null);
    await user.fill(handle, 2_000_000, 5_000_000);
    await Promise.all(
      Array.from({ length: line.files }, (_, index) =>
        user.wire.must({ kind: 'mkdir', path: `/${index}`, attrs: {} }),
      ),
    );
    expect(await user.balanced()).toEqual({ bytes: 5_000_000, files: line.files + 1 });
  });

  it('a line that is raised is shown in a session that has not changed anything', async () => {
    const home = homes().next();
    const before = await home.connect();
    await before.put('/file', 1000);
    before.wire.end();
    await before.wire.gone;
    const user = await home.connect();
    expect((await user.status()).home.bytes).toEqual({ used: 1000, limit: line.bytes });
    await set(home.account, '--quota', '2MB');
    await told(user, 2_000_000);
  });

  it('two accounts that share a home share its line', async () => {
    const home = homes().of('shared');
    const user = await home.connect();
    const other = await homes().of('sharing', home.folder).connect();
    await user.put('/one', 600_000);
    const handle = await other.create('/two');
    expect(await other.writeRefusal(handle, 400_000, 1)).toMatch(overLine);
    await other.fill(handle, 0, 400_000);
    expect((await other.status()).home.bytes).toEqual({ used: line.bytes, limit: line.bytes });
    await other.remove('/one');
    await user.put('/three', 600_000);
    expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    await set(home.account, '--quota', '2MB');
    await told(other, 2_000_000);
    await other.fill(handle, 400_000, 1_400_000);
    expect(await user.balanced()).toEqual({ bytes: 2_000_000, files: 2 });
  });

  describe("an admin's /homes/NAME", () => {
    it('is charged to NAME: copies to the home of their target', async () => {
      const [one, two] = [homes().next(), homes().next()];
      const [user, other] = [await one.connect(), await two.connect()];
      const admin = await homes().of('keeper+admin').connect();
      await user.put('/full', line.bytes);
      await other.put('/half', 500_000);
      const [from, to] = [`/homes/${one.account}`, `/homes/${two.account}`];

      const copy = (source: string, target: string): Asked => ({
        ...{ kind: 'copy-file', from: source, to: target, overwrite: false },
      });
      expect(await admin.refusal(copy(`${from}/full`, `${to}/copy`))).toMatch(overLine);
      expect(await admin.refusal(copy(`${to}/half`, `${from}/copy`))).toMatch(overLine);
      expect(await other.balanced()).toEqual({ bytes: 500_000, files: 1 });
      const made = await admin.create(`${to}/made`);
      await admin.fill(made, 0, 400_000);
      expect(await other.balanced()).toEqual({ bytes: 900_000, files: 2 });
      expect(await admin.wire.ask(writeOf(made, 400_000, 100_001))).toMatchObject({
        kind: 'status',
        code: 4,
      });
      const theirs = await other.create('/theirs');
      expect(await other.writeRefusal(theirs, 0, 100_001)).toMatch(overLine);
      await admin.remove(`${from}/full`);
      await admin.wire.must(copy(`${to}/half`, `${from}/copy`));
      expect(await user.balanced()).toEqual({ bytes: 500_000, files: 1 });
      expect(await other.balanced()).toEqual({ bytes: 900_000, files: 3 });
    });

    it('gives nothing over to another home by name, and says what to do', async () => {
      const [one, two] = [homes().next(), homes().next()];
      const [user, other] = [await one.connect(), await two.connect()];
      const admin = await homes().of('keeper+admin').connect();
      await user.put('/file', 1000);
      const [from, to] = [`/homes/${one.account}/file`, `/homes/${two.account}/file`];
      const requests: readonly Asked[] = [
        { kind: 'rename', from, to },
        { kind: 'posix-rename@openssh.com', from, to },
        { kind: 'hardlink@openssh.com', existing: from, name: to },
      ];
      for (const request of requests)
        expect(await admin.refusal(request)).toBe('different home: copy and delete instead');
      expect(readFileSync(join(one.folder, 'file'))).toHaveLength(1000);
      expect([await user.balanced(), await other.balanced()]).toEqual([
        { bytes: 1000, files: 1 },
        { bytes: 0, files: 0 },
      ]);
    });
  });
}
