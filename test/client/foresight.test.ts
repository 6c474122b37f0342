import { describe, expect, it } from 'vitest';
import { Foresight } from '../../src/client/foresight.js';
import type { RemoteStat } from '../../src/client/remote.js';
import { Fault } from '../../src/fault.js';

/** A session whose answers are numbered; `/none` is not there. */
class Asked {
  readonly questions: string[] = [];
  now = 0;
  readonly foresight = new Foresight({
    ask: {
      stat: (path) => this.ask('stat', path),
      lstat: (path) => this.ask('lstat', path),
      space: (path) => this.ask('space', path).then(() => null),
    },
    asked: () => this.questions.length,
    now: () => this.now,
  });

  ask(what: string, path: string): Promise<RemoteStat> {
    this.questions.push(`${what} ${path}`);
    if (path === '/none') return Promise.reject(new Fault('not-found'));
    return Promise.resolve({ kind: 'file', size: this.questions.length });
  }
}

describe('what is asked ahead', () => {
  it('is asked at once, and not again when it is needed', async () => {
    const asked = new Asked();
    asked.foresight.foresee([
      { ask: 'stat', path: '/a' },
      { ask: 'lstat', path: '/none' },
      { ask: 'space', path: '/' },
    ]);
    expect(asked.questions).toEqual(['stat /a', 'lstat /none', 'space /']);
    expect((await asked.foresight.answer('stat', '/a')).size).toBe(1);
    await expect(asked.foresight.answer('lstat', '/none')).rejects.toMatchObject({ code: 'not-found' });
    expect(await asked.foresight.answer('space', '/')).toBeNull();
    expect(asked.questions).toHaveLength(3);
  });

  it('serves one question', async () => {
    const asked = new Asked();
    asked.foresight.foresee([{ ask: 'stat', path: '/a' }]);
    await asked.foresight.answer('stat', '/a');
    expect((await asked.foresight.answer('stat', '/a')).size).toBe(2);
  });

  it('is not asked twice where it is on its way', () => {
    const asked = new Asked();
    asked.foresight.foresee([
      { ask: 'stat', path: '/a' },
      { ask: 'lstat', path: '/a' },
    ]);
    asked.foresight.foresee([{ ask: 'lstat', path: '/a' }]);
    expect(asked.questions).toEqual(['stat /a', 'lstat /a']);
  });

  it('begins anew where a part of it was used: what is left of an earlier command is not of this one', async () => {
    const asked = new Asked();
    const questions = [
      { ask: 'stat', path: '/a' },
      { ask: 'lstat', path: '/a' },
    ] as const;
    asked.foresight.foresee(questions);
    await asked.foresight.answer('stat', '/a');
    asked.foresight.foresee(questions);
    expect(asked.questions).toHaveLength(4);
    expect((await asked.foresight.answer('lstat', '/a')).size).toBe(4);
  });

  it('counts for nothing once anything else was asked', async () => {
    const asked = new Asked();
    asked.foresight.foresee([{ ask: 'stat', path: '/a' }]);
    await asked.ask('remove', '/a');
    expect((await asked.foresight.answer('stat', '/a')).size).toBe(3);
    asked.foresight.foresee([{ ask: 'stat', path: '/a' }]);
    expect(asked.questions.at(-1)).toBe('stat /a');
    expect(asked.questions).toHaveLength(4);
  });

  it('counts for nothing after a while', async () => {
    const asked = new Asked();
    asked.foresight.foresee([{ ask: 'stat', path: '/a' }]);
    asked.now = 1000;
    expect((await asked.foresight.answer('stat', '/a')).size).toBe(2);
  });
});
