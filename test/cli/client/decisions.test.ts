import { expect, it } from 'vitest';
import { createDecisions, type DecisionFlags } from '../../../src/cli/client/decisions.js';
import type { Collision, Mismatch } from '../../../src/client/transfer.js';
import { Fault } from '../../../src/fault.js';

const silent: DecisionFlags = { collision: null, mismatch: null, unknown: null };

function collision(more: Partial<Collision> = {}): Collision {
  return {
    direction: 'put',
    remote: '/up/notes.txt',
    local: '/here/notes.txt',
    there: 18.8e9,
    total: 20e9,
    resumable: true,
    freeName: '/up/notes.txt.new',
    ...more,
  };
}

function mismatch(finding: Mismatch['finding'] = 'differs'): Mismatch {
  return {
    direction: 'get',
    remote: '/up/notes.txt',
    local: '/here/notes.txt',
    there: 1e6,
    total: 2e6,
    finding,
  };
}

/** A person who gives these answers, or nobody. */
function person(answers: readonly string[] | null, flags: Partial<DecisionFlags> = {}) {
  const asked: string[] = [];
  const left = [...(answers ?? [])];
  let asking = 0;
  const stop = new AbortController();
  const decisions = createDecisions({
    flags: { ...silent, ...flags },
    terminal: {
      present: answers !== null,
      ask: async (question) => {
        expect(++asking).toBe(1);
        asked.push(question);
        await new Promise((resolve) => setImmediate(resolve));
        asking--;
        const answer = left.shift();
        if (answer === undefined) throw new Fault('cancelled');
        return answer;
      },
    },
    shown: ({ remote }) => remote.slice(1),
    signal: stop.signal,
  });
  return { decisions, asked };
}

it('asks with the share that is there, and takes one letter', async () => {
  const { decisions, asked } = person(['r']);
  expect(await decisions.collision(collision())).toBe('resume');
  expect(asked).toEqual([
    'up/notes.txt is there already: resume at 94 % (18.8 of 20 GB), overwrite, rename, skip? ' +
      '[r/o/n/s, a capital letter for all] ',
  ]);
});

it('says 100 % only when all is there', async () => {
  const { decisions, asked } = person(['s', 's', 's']);
  await decisions.collision(collision({ there: 999_999, total: 1e6 }));
  await decisions.collision(collision({ there: 5, total: 5 }));
  await decisions.collision(collision({ there: 5, total: null }));
  expect(asked.map((question) => /resume at ([^,]*),/.exec(question)?.[1])).toEqual([
    '99 % (1 of 1 MB)',
    '100 % (5 of 5 B)',
    '5 B',
  ]);
});

it.each([
  ['o', 'overwrite'],
  ['n', 'rename'],
  ['s', 'skip'],
  ['rename', 'rename'],
])('takes %s for one file, and asks again for the next', async (typed, choice) => {
  const { decisions, asked } = person([typed, 's']);
  expect(await decisions.collision(collision())).toBe(choice);
  expect(await decisions.collision(collision())).toBe('skip');
  expect(asked).toHaveLength(2);
});

it.each(['O', 'ao', 'a o', 'all overwrite'])('takes %s for all that follow', async (typed) => {
  const { decisions, asked } = person([typed]);
  expect(await decisions.collision(collision())).toBe('overwrite');
  expect(await decisions.collision(collision({ remote: '/up/other' }))).toBe('overwrite');
  expect(asked).toHaveLength(1);
});

it('asks again after an answer that is none', async () => {
  const { decisions, asked } = person(['', 'x', 'yes', 'aa', 's']);
  expect(await decisions.collision(collision())).toBe('skip');
  expect(asked).toHaveLength(5);
});

it('does not offer to resume what cannot be, nor takes it for an answer', async () => {
  const { decisions, asked } = person(['r', 'o']);
  expect(await decisions.collision(collision({ resumable: false }))).toBe('overwrite');
  expect(asked[0]).toBe(
    'up/notes.txt is there already: overwrite, rename, skip? [o/n/s, a capital letter for all] ',
  );
});

it('asks about what cannot be resumed although all others are', async () => {
  const { decisions } = person(['R', 's']);
  expect(await decisions.collision(collision())).toBe('resume');
  expect(await decisions.collision(collision({ resumable: false }))).toBe('skip');
  expect(await decisions.collision(collision())).toBe('resume');
});

it('asks one question at a time, and none that was answered for all meanwhile', async () => {
  const { decisions, asked } = person(['s', 'O']);
  const all = await Promise.all([1, 2, 3, 4].map(() => decisions.collision(collision())));
  expect(all).toEqual(['skip', 'overwrite', 'overwrite', 'overwrite']);
  expect(asked).toHaveLength(2);
});

it('gives up all that wait when one is given up', async () => {
  const { decisions, asked } = person([]);
  const all = await Promise.allSettled([
    decisions.collision(collision()),
    decisions.collision(collision()),
    decisions.mismatch(mismatch()),
  ]);
  expect(all.map((one) => one.status === 'rejected' && (one.reason as Fault).code)).toEqual([
    'cancelled',
    'cancelled',
    'cancelled',
  ]);
  expect(asked).toHaveLength(1);
});

it.each(['resume', 'overwrite', 'rename', 'skip'] as const)(
  'lets the flag --%s answer, with and without a person',
  async (choice) => {
    for (const answers of [null, []]) {
      const { decisions, asked } = person(answers, { collision: choice });
      expect(await decisions.collision(collision())).toBe(choice);
      expect(asked).toEqual([]);
    }
  },
);

it('names the flags where nobody can be asked', async () => {
  const { decisions } = person(null);
  await expect(decisions.collision(collision())).rejects.toMatchObject({
    code: 'exists',
    message:
      'up/notes.txt is there already (18.8 of 20 GB), and was left as it is: ' +
      'add --resume, --overwrite, --rename or --skip',
  });
  await expect(decisions.collision(collision({ resumable: false, there: 30e9 }))).rejects.toMatchObject({
    code: 'exists',
    message: expect.stringContaining('left as it is: add --overwrite, --rename or --skip') as string,
  });
});

it('does not take what is longer for something to resume, unless differences start anew', async () => {
  const longer = collision({ resumable: false, there: 30e9 });
  const { decisions } = person(null, { collision: 'resume' });
  await expect(decisions.collision(longer)).rejects.toMatchObject({ code: 'exists' });
  const restarting = person(null, { collision: 'resume', mismatch: 'restart' });
  expect(await restarting.decisions.collision(longer)).toBe('overwrite');
});

it('asks what becomes of a part that differs', async () => {
  const { decisions, asked } = person(['c', 'r', 'S']);
  expect(await decisions.mismatch(mismatch())).toBe('restart');
  expect(asked[0]).toBe(
    'up/notes.txt: the 1 MB that are there differ from the source: restart, stop? [r/s, a capital letter for all] ',
  );
  for (let times = 0; times < 2; times++) {
    await expect(decisions.mismatch(mismatch())).rejects.toMatchObject({ code: 'verification-failed' });
  }
  expect(asked).toHaveLength(3);
});

it('asks what becomes of a part that nobody can compare', async () => {
  const { decisions, asked } = person(['C', 'r']);
  expect(await decisions.mismatch(mismatch('unknown'))).toBe('resume');
  expect(await decisions.mismatch(mismatch('unknown'))).toBe('resume');
  expect(asked[0]).toContain('the server cannot hash, so nobody knows whether the 1 MB that are there');
  expect(await decisions.mismatch(mismatch())).toBe('restart');
});

it('follows the flags for parts, and names them where they are missing', async () => {
  const restarting = person(null, { mismatch: 'restart' }).decisions;
  expect(await restarting.mismatch(mismatch())).toBe('restart');
  expect(await restarting.mismatch(mismatch('unknown'))).toBe('restart');

  const trusting = person(null, { mismatch: 'fail', unknown: 'resume' }).decisions;
  expect(await trusting.mismatch(mismatch('unknown'))).toBe('resume');
  await expect(trusting.mismatch(mismatch())).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining('--on-mismatch restart') as string,
  });

  const nobody = person(null).decisions;
  await expect(nobody.mismatch(mismatch('unknown'))).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining('--on-unknown resume') as string,
  });
});
