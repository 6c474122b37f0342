import { describe, expect, it } from 'vitest';
import { HomeUsages } from '../../src/admin/home-usage.js';
import { aboveLine, quotaView } from '../../src/admin/quota-view.js';
import { LineUse } from '../../src/admin/quotas.js';
import { Fault } from '../../src/fault.js';
import { createEvents } from '../../src/observe/events.js';
import { lineOf } from '../../src/quota/line.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { toldQuotas, type Answers } from './told-quotas.js';

const settings = { 'quota.bytes': 100, 'quota.files': 'none' };

async function accountsIn(homes: Readonly<Record<string, string>>, answers: Answers = {}) {
  const { accounts, usage } = memoryStore();
  for (const [name, home] of Object.entries(homes)) {
    await accounts.add({
      name,
      homePath: `/homes/${home}`,
      role: 'user',
      readOnly: false,
      expires: null,
      passwordHash: null,
      keys: [],
    });
  }
  const told = toldQuotas(answers);
  const audited: unknown[] = [];
  const events = createEvents();
  events.subscribe((_name, event) => audited.push(event));
  const lines = new LineUse({
    accounts,
    find: async (name) => {
      const account = await accounts.byName(name);
      if (!account) throw new Fault('not-found', `there is no account '${name}'`);
      return account;
    },
    lineOf: (home) => lineOf(home, settings),
    usages: new HomeUsages({ rows: usage, quotas: told.quotas, measure: told.measure }),
    quotas: told.quotas,
    events,
    by: 'test',
  });
  return { accounts, lines, audited, asked: told.asked };
}

const holds = (bytes: number, files: number) => () => Promise.resolve({ bytes, files });

describe('the use of lines', () => {
  it('has one row for each home, by the account that is the oldest in it', async () => {
    const { lines, accounts } = await accountsIn(
      { zoe: 'shared', amy: 'shared', Bob: 'bob' },
      { measure: holds(60, 4) },
    );
    await accounts.setLines(2, { bytesLimit: null, filesLimit: 5 });
    const { views, failed } = await lines.show(null);
    expect(failed).toEqual([]);
    expect(views).toEqual([
      { name: 'Bob', bytes: { used: 60, limit: null }, files: { used: 4, limit: 5 } },
      {
        name: 'zoe',
        accounts: ['zoe', 'amy'],
        bytes: { used: 60, limit: 100 },
        files: { used: 4, limit: null },
      },
    ]);
  });

  it('says of a ledger that it has drifted, and of one that is being counted that it is [L5]', () => {
    const line = { bytes: 100, files: null };
    const figures = { bytes: 0, files: 0, counted: true } as const;
    expect(quotaView(['ann'], { ...figures, drift: true }, line)).toMatchObject({ drift: true });
    expect(quotaView(['ann'], { ...figures, counted: false }, line)).toMatchObject({ counting: true });
    expect(quotaView(['ann'], figures, line)).toEqual({
      name: 'ann',
      bytes: { used: 0, limit: 100 },
      files: { used: 0, limit: null },
    });
  });

  it('is that of the home, whichever of its accounts is named', async () => {
    const { lines, asked } = await accountsIn(
      { zoe: 'shared', amy: 'shared', bob: 'bob' },
      { measure: holds(1, 1) },
    );
    const { views } = await lines.show('AMY');
    expect(views.map(({ name, accounts }) => [name, accounts])).toEqual([['zoe', ['zoe', 'amy']]]);
    expect(asked).toEqual(['measure /homes/shared']);
    await expect(lines.show('nobody')).rejects.toThrow("there is no account 'nobody'");
  });

  it('has a row for a home that cannot be counted, and says why', async () => {
    const { lines } = await accountsIn(
      { ann: 'ann', bob: 'bob' },
      {
        measure: (path) =>
          path.endsWith('ann')
            ? Promise.reject(new Fault('not-a-folder'))
            : Promise.resolve({ bytes: 2, files: 1 }),
      },
    );
    const { views, failed } = await lines.show(null);
    expect(views.map(({ name, bytes }) => [name, bytes.used])).toEqual([
      ['ann', null],
      ['bob', 2],
    ]);
    expect(failed.map(({ code, message }) => [code, message])).toEqual([
      ['not-a-folder', "the home of 'ann', /homes/ann, cannot be counted: not a folder"],
    ]);
  });

  it('says by how much a line is passed, by bytes and by files', () => {
    const view = (bytes: number, files: number) => ({
      name: 'ann',
      bytes: { used: bytes, limit: 1000 },
      files: { used: files, limit: 10 },
    });
    expect(aboveLine(view(1000, 10))).toBeNull();
    expect(aboveLine(view(2500, 10))).toBe(
      'ann is over that line by 1.5 KB: nothing can grow in that home until so much is removed.',
    );
    expect(aboveLine(view(1001, 11))).toContain('by 1 B and 1 file:');
    expect(
      aboveLine({ name: 'ann', bytes: { used: null, limit: 0 }, files: { used: 9, limit: null } }),
    ).toBeNull();
  });
});

describe('a scan', () => {
  const report = { ledger: { bytes: 10, files: 1 }, disk: { bytes: 7, files: 3 } };

  it('shows ledger, disk, and what the one has over the other; what it corrects is audited', async () => {
    const { lines, audited, asked } = await accountsIn(
      { ann: 'ann' },
      { scan: () => Promise.resolve(report) },
    );
    const { views } = await lines.scan('ann', { check: false });
    expect(views).toEqual([{ name: 'ann', ...report, drift: { bytes: -3, files: 2 } }]);
    expect(asked).toEqual(['scan 1']);
    expect(audited).toEqual([
      {
        account: 'ann',
        change: 'use set to 7 B, 3 files, as on the disk; the ledger had 10 B, 1 file',
        by: 'test',
      },
    ]);
  });

  it('that only checks is told so, and is no change', async () => {
    const { lines, audited, asked } = await accountsIn(
      { ann: 'ann' },
      { scan: () => Promise.resolve(report) },
    );
    await lines.scan(null, { check: true });
    expect(asked).toEqual(['check 1']);
    expect(audited).toEqual([]);
  });

  it('of several homes goes on after one that cannot be counted', async () => {
    const { lines } = await accountsIn(
      { ann: 'ann', bob: 'bob' },
      { scan: ({ id }) => (id === 1 ? Promise.reject(new Fault('busy')) : Promise.resolve(report)) },
    );
    const { views, failed } = await lines.scan(null, { check: false });
    expect(views.map(({ name }) => name)).toEqual(['bob']);
    expect(failed).toMatchObject([{ code: 'busy' }]);
  });

  it.each([
    [false, 'interrupted: 1 home was scanned before that, the rest is as it was'],
    [true, 'interrupted: nothing was changed'],
  ])('ends when it is interrupted (check: %s), and says what was done', async (check, sentence) => {
    const stop = new AbortController();
    const { lines, asked } = await accountsIn(
      { ann: 'ann', bob: 'bob', cyd: 'cyd' },
      {
        scan: ({ id }, { signal }) => {
          if (id === 1) return Promise.resolve(report);
          stop.abort();
          return Promise.reject(new Fault(signal?.aborted ? 'cancelled' : 'failure'));
        },
      },
    );
    await expect(lines.scan(null, { check }, { signal: stop.signal })).rejects.toMatchObject({
      code: 'cancelled',
      message: sentence,
    });
    expect(asked).toHaveLength(2);
  });
});
