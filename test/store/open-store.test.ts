import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Sqlite from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import type { Patience } from '../../src/store/retry-busy.js';
import { accountStoreContract, contractClock, newAccount, someKey } from '../contract/account-store.js';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-store-'));
let files = 0;

function newPath(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a process that has `openStore` and the path, from the built program. */
function child(path: string, script: string): ChildProcess {
  const module = new URL('../../dist/store/open-store.js', import.meta.url).href;
  const head = `import { openStore } from '${module}'; const path = ${JSON.stringify(path)};`;
  return spawn(process.execPath, ['--input-type=module', '-e', head + script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Says when each wait begins and ends it when told. */
function steered(onSleep: (times: number) => void): Patience {
  let times = 0;
  return {
    sleep: (milliseconds) => {
      times += 1;
      onSleep(times);
      return milliseconds < 0 ? Promise.reject(new Error('a negative time')) : Promise.resolve();
    },
    random: () => 0.5,
  };
}

accountStoreContract('openStore', () => openStore(newPath(), { now: contractClock }));

describe('openStore', () => {
  it('makes files that only their owner reads, and tightens one that others could', async () => {
    const path = newPath();
    const store = await openStore(path);
    await store.marks.set('a', 'b');
    expect([mode(path), mode(`${path}-wal`), mode(`${path}-shm`)]).toEqual([0o600, 0o600, 0o600]);
    await store.close();
    chmodSync(path, 0o644);
    const again = await openStore(path);
    expect(await again.marks.get('a')).toBe('b');
    expect(mode(path)).toBe(0o600);
    await again.close();
  });

  it('closes what it opened even when nothing was asked of it', async () => {
    const path = newPath();
    for (let round = 0; round < 3; round += 1) await (await openStore(path)).close();
    // The last connection removes the WAL as it closes.
    expect(() => statSync(`${path}-wal`)).toThrow('ENOENT');
  });

  it('refuses what is no database with a sentence and leaves it as it was', async () => {
    const path = newPath();
    const text = 'this is no database, '.repeat(100);
    writeFileSync(path, text, { mode: 0o600 });
    await expect(openStore(path)).rejects.toMatchObject({
      code: 'failure',
      message: 'the account database is not a database: move the file away or restore it',
    });
    expect(statSync(path).size).toBe(text.length);
  });

  it('refuses a damaged database with a sentence', async () => {
    const path = newPath();
    const store = await openStore(path);
    await store.close();
    const damage = new Sqlite(path);
    damage.unsafeMode();
    damage.pragma('writable_schema = ON');
    damage.exec("update sqlite_master set rootpage = 99999 where name = 'kysely_migration'");
    damage.close();
    await expect(openStore(path)).rejects.toMatchObject({
      code: 'failure',
      message: 'the account database is damaged: restore it from a backup',
    });
  });

  it("refuses another program's database", async () => {
    const path = newPath();
    const other = new Sqlite(path);
    other.exec('create table accounts (id integer)');
    other.close();
    await expect(openStore(path)).rejects.toThrow("another program's SQLite file");
  });

  it('refuses the schema of a newer version', async () => {
    const path = newPath();
    await (await openStore(path)).close();
    const newer = new Sqlite(path);
    newer.exec("insert into kysely_migration values ('9999-from-the-future', '2030-01-01')");
    newer.close();
    await expect(openStore(path)).rejects.toThrow(
      "was written by a newer version of plimsoll (it has '9999-from-the-future')",
    );
  });

  it('refuses a folder that is not there, naming no path (J2)', async () => {
    await expect(openStore(join(folder, 'missing', 'x.db'))).rejects.toMatchObject({
      code: 'denied',
      message: expect.not.stringContaining(folder) as string,
    });
  });

  it('opens for the first time in several processes at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const path = newPath();
      const script =
        "const store = await openStore(path); await store.marks.set('at', 'x'); await store.close();";
      const children = Array.from({ length: 4 }, () => child(path, script));
      const codes = await Promise.all(
        children.map(async (one) => ((await once(one, 'exit')) as [number])[0]),
      );
      expect(codes).toEqual([0, 0, 0, 0]);
      const store = await openStore(path);
      expect(store.accounts.version()).toBe(1);
      await store.close();
    }
  });

  it('sees the changes of another connection through version, and not its other writes (A3)', async () => {
    const path = newPath();
    const one = await openStore(path);
    const two = await openStore(path);
    const { id } = await one.accounts.add(newAccount('alice'));
    const before = two.accounts.version();
    await one.marks.set('busy', 'ledger');
    await one.accounts.recordLogin(id, new Date());
    expect(two.accounts.version()).toBe(before);
    await one.accounts.update(id, { state: 'locked' });
    expect(two.accounts.version()).not.toBe(before);
    expect((await two.accounts.byId(id))?.state).toBe('locked');
    await Promise.all([one.close(), two.close()]);
  });

  it('sees an edit made with another program (A3)', async () => {
    const path = newPath();
    const store = await openStore(path);
    const { id } = await store.accounts.add(newAccount('alice', { keys: [someKey('a')] }));
    const before = store.accounts.version();
    const shell = new Sqlite(path);
    shell.prepare('delete from keys where account_id = ?').run(id);
    shell.close();
    expect(store.accounts.version()).not.toBe(before);
    await store.close();
  });

  it('waits for the lock of another connection without blocking, and then writes', async () => {
    const path = newPath();
    const other = new Sqlite(path);
    const waits: number[] = [];
    const store = await openStore(path, {
      patience: steered((times) => {
        waits.push(times);
        if (times === 5) other.exec('commit');
      }),
    });
    other.exec('begin immediate');
    await store.accounts.add(newAccount('alice'));
    expect(waits).toEqual([1, 2, 3, 4, 5]);
    expect(other.prepare('select name from accounts').pluck().all()).toEqual(['alice']);
    other.close();
    await store.close();
  });

  it('reads while another connection writes', async () => {
    const path = newPath();
    const store = await openStore(path, { patience: steered(() => expect.unreachable('it waited')) });
    await store.accounts.add(newAccount('alice'));
    const other = new Sqlite(path);
    other.exec("begin immediate; update accounts set state = 'locked'");
    const version = store.accounts.version();
    expect((await store.accounts.byName('alice'))?.state).toBe('active');
    expect(store.accounts.version()).toBe(version);
    other.exec('commit');
    expect((await store.accounts.byName('alice'))?.state).toBe('locked');
    other.close();
    await store.close();
  });

  it('says busy when the lock is never given back, after about ten seconds of waiting', async () => {
    const path = newPath();
    let waited = 0;
    const store = await openStore(path, {
      patience: {
        sleep: (milliseconds) => {
          waited += milliseconds;
          return Promise.resolve();
        },
        random: () => 0.5,
      },
    });
    const other = new Sqlite(path);
    other.exec('begin immediate');
    await expect(store.marks.set('a', 'b')).rejects.toMatchObject({ code: 'busy' });
    expect(waited).toBeGreaterThanOrEqual(10_000);
    expect(waited).toBeLessThan(11_000);
    other.close();
    await store.close();
  });

  it('takes turns with a process that writes all the time', async () => {
    const path = newPath();
    const store = await openStore(path);
    const script = `
      const store = await openStore(path);
      console.log('ready');
      for (let n = 0; n < 200; n += 1) await store.accounts.add({ name: 'c' + n, role: 'user', homePath: '/srv/c' + n,
        readOnly: false, expires: null, passwordHash: null, keys: [] });
      await store.close();`;
    const writer = child(path, script);
    const exit = once(writer, 'exit');
    await once(writer.stdout ?? process.stdin, 'data');
    for (let n = 0; n < 200; n += 1) await store.accounts.add(newAccount(`p${n}`));
    expect(await exit).toEqual([0, null]);
    expect(await store.accounts.list()).toHaveLength(400);
    await store.close();
  });

  it('keeps every acknowledged change of a process that was killed (L4)', async () => {
    const path = newPath();
    const script = `
      const store = await openStore(path);
      for (let n = 0; ; n += 1) {
        await store.accounts.add({ name: 'a' + n, role: 'user', homePath: '/srv/a' + n, readOnly: false, expires: null,
          passwordHash: null, keys: [{ fingerprint: 'SHA256:' + n, type: 'ssh-ed25519', blob: Buffer.alloc(51), comment: '' }] });
        process.stdout.write('a' + n + '\\n');
      }`;
    const acknowledged: string[] = [];
    const writer = child(path, script);
    const exit = once(writer, 'exit');
    for await (const line of createInterface({ input: writer.stdout ?? process.stdin })) {
      acknowledged.push(line);
      if (acknowledged.length === 100) writer.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);
    const store = await openStore(path);
    const accounts = await store.accounts.list();
    expect(accounts.map((account) => account.name)).toEqual(expect.arrayContaining(acknowledged));
    expect(accounts.every((account) => account.keys.length === 1)).toBe(true);
    expect(await store.accounts.homes()).toHaveLength(accounts.length);
    await store.close();
    const check = new Sqlite(path);
    expect(check.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(check.pragma('foreign_key_check')).toEqual([]);
    check.close();
  });

  it('treats a role and a state it does not know as the lesser right', async () => {
    const path = newPath();
    const store = await openStore(path);
    const { id } = await store.accounts.add(newAccount('alice', { role: 'admin' }));
    const shell = new Sqlite(path);
    shell.exec("update accounts set role = 'constructor', state = 'odd'");
    shell.close();
    expect(await store.accounts.byId(id)).toMatchObject({ role: 'user', state: 'locked' });
    await store.close();
  });
});
