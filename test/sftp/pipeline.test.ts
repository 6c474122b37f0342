import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pipeline, type Lane } from '../../src/sftp/pipeline.js';
import { scale } from '../scale.js';

interface Probe {
  readonly started: string[];
  readonly sent: string[];
  readonly pipeline: Pipeline;
  submit(name: string, lane: Lane): void;
  finish(name: string): Promise<void>;
}

function probe(width = 64): Probe {
  const started: string[] = [];
  const sent: string[] = [];
  const finishers = new Map<string, () => void>();
  const pipeline = new Pipeline({
    width,
    send: (reply) => sent.push(reply.toString()),
    broken: (cause) => {
      throw cause;
    },
  });
  return {
    started,
    sent,
    pipeline,
    submit: (name, lane) =>
      pipeline.submit(lane, nothing, () => {
        started.push(name);
        return new Promise((resolve) => finishers.set(name, () => resolve(Buffer.from(name))));
      }),
    finish: async (name) => {
      finishers.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const nothing = { output: 0, input: 0 };
const a = {};
const b = {};
const read = (key: object): Lane => ({ key, exclusive: false });
const write = (key: object): Lane => ({ key, exclusive: true });
const look: Lane = { key: null, exclusive: false };
const change: Lane = { key: null, exclusive: true };

describe('pipeline', () => {
  it('sends replies in request order, whatever finishes first [T1]', async () => {
    const p = probe();
    p.submit('1', read(a));
    p.submit('2', read(a));
    p.submit('3', read(b));
    await p.finish('3');
    await p.finish('2');
    expect(p.sent).toEqual([]);
    await p.finish('1');
    expect(p.sent).toEqual(['1', '2', '3']);
  });

  it('lets reads of one handle run together and writes wait for them', async () => {
    const p = probe();
    p.submit('r1', read(a));
    p.submit('r2', read(a));
    p.submit('w', write(a));
    p.submit('r3', read(a));
    expect(p.started).toEqual(['r1', 'r2']);
    await p.finish('r2');
    expect(p.started).toEqual(['r1', 'r2']);
    await p.finish('r1');
    expect(p.started).toEqual(['r1', 'r2', 'w']);
    await p.finish('w');
    expect(p.started).toEqual(['r1', 'r2', 'w', 'r3']);
  });

  it('keeps handles independent of each other', () => {
    const p = probe();
    p.submit('wa', write(a));
    p.submit('wb', write(b));
    p.submit('ra', read(a));
    expect(p.started).toEqual(['wa', 'wb']);
  });

  it('makes SETSTAT by path wait for a CLOSE sent just before it, as WinSCP does', async () => {
    const p = probe();
    p.submit('write', write(a));
    p.submit('close', write(a));
    p.submit('setstat', change);
    p.submit('stat', look);
    await p.finish('write');
    expect(p.started).toEqual(['write', 'close']);
    await p.finish('close');
    expect(p.started).toEqual(['write', 'close', 'setstat']);
    await p.finish('setstat');
    expect(p.started).toEqual(['write', 'close', 'setstat', 'stat']);
  });

  it('never overtakes a waiting writer with later readers', async () => {
    const p = probe();
    p.submit('r1', read(a));
    p.submit('w', write(a));
    p.submit('r2', read(a));
    p.submit('rb', read(b));
    expect(p.started).toEqual(['r1', 'rb']);
    await p.finish('r1');
    expect(p.started).toEqual(['r1', 'rb', 'w']);
  });

  it('runs no more tasks at once than its width', async () => {
    const p = probe(2);
    for (const name of ['1', '2', '3', '4']) p.submit(name, read(a));
    expect(p.started).toEqual(['1', '2']);
    await p.finish('2');
    expect(p.started).toEqual(['1', '2', '3']);
  });

  it('says when it is idle', async () => {
    const p = probe();
    await p.pipeline.whenIdle();
    p.submit('1', change);
    let idle = false;
    const waited = p.pipeline.whenIdle().then(() => (idle = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(idle).toBe(false);
    await p.finish('1');
    await waited;
    expect(p.pipeline.depth).toBe(0);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('broken'))],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
  ])(
    'with a task that %s is over: it says so once, sends no more, and does become idle',
    async (_how, task) => {
      const sent: string[] = [];
      const causes: unknown[] = [];
      const pipeline = new Pipeline({
        width: 2,
        send: (reply) => sent.push(reply.toString()),
        broken: (cause) => causes.push(cause),
      });
      const done = (name: string) => () => Promise.resolve(Buffer.from(name));
      pipeline.submit(change, nothing, done('1'));
      pipeline.submit(change, nothing, task);
      pipeline.submit(change, nothing, task);
      pipeline.submit(change, nothing, done('4'));
      await pipeline.whenIdle();
      expect(sent).toEqual(['1']);
      expect(causes).toMatchObject([{ message: 'broken' }]);
    },
  );

  it('is over when a reply cannot be sent', async () => {
    const causes: unknown[] = [];
    const pipeline = new Pipeline({
      width: 2,
      send: () => {
        throw new Error('no way out');
      },
      broken: (cause) => causes.push(cause),
    });
    pipeline.submit(look, nothing, () => Promise.resolve(Buffer.alloc(1)));
    pipeline.submit(look, nothing, () => Buffer.alloc(1));
    await pipeline.whenIdle();
    expect(causes).toMatchObject([{ message: 'no way out' }]);
  });

  it('keeps the order when sending makes room for a task that is done at once', async () => {
    const sent: string[] = [];
    const more = ['3', '4', '5'];
    const pipeline: Pipeline = new Pipeline({
      width: 2,
      send: (reply) => {
        const next = more.shift();
        if (next) pipeline.submit(look, nothing, () => Buffer.from(next));
        sent.push(reply.toString());
      },
      broken: (cause) => {
        throw cause;
      },
    });
    const later = Promise.resolve();
    pipeline.submit(look, nothing, () => later.then(() => later).then(() => Buffer.from('1')));
    pipeline.submit(look, nothing, () => later.then(() => Buffer.from('2')));
    await pipeline.whenIdle();
    expect(sent).toEqual(['1', '2', '3', '4', '5']);
  });

  it('ends as if every task had run one by one, for any lanes and any order of completion', async () => {
    const keys = [a, b, null];
    const task = fc.record({
      key: fc.integer({ min: 0, max: 2 }),
      exclusive: fc.boolean(),
      sync: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(task, { maxLength: 24 }),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat()),
        async (tasks, width, picks) => {
          const running: { index: number; finish: () => void }[] = [];
          const finished = new Set<number>();
          const sent: number[] = [];
          const pipeline = new Pipeline({
            width,
            send: (reply) => sent.push(reply.readUInt8(0)),
            broken: (cause) => {
              throw cause;
            },
          });
          const lanes = tasks.map(({ key, exclusive }): Lane => ({ key: keys[key] ?? null, exclusive }));
          const meets = (x: Lane, y: Lane): boolean =>
            (x.exclusive || y.exclusive) && (x.key === null || y.key === null || x.key === y.key);
          lanes.forEach((lane, index) =>
            pipeline.submit(lane, nothing, () => {
              expect(running.length).toBeLessThan(width);
              for (let earlier = 0; earlier < index; earlier++) {
                const other = lanes[earlier];
                if (other && meets(other, lane)) expect(finished.has(earlier)).toBe(true);
              }
              if (tasks[index]?.sync) {
                finished.add(index);
                return Buffer.from([index]);
              }
              return new Promise<Buffer>((resolve) => {
                running.push({
                  index,
                  finish: () => {
                    finished.add(index);
                    resolve(Buffer.from([index]));
                  },
                });
              });
            }),
          );
          while (running.length > 0) {
            const [one] = running.splice((picks.next().value ?? 0) % running.length, 1);
            one?.finish();
            await new Promise((resolve) => setImmediate(resolve));
          }
          expect(sent).toEqual(lanes.map((_, index) => index));
        },
      ),
      { numRuns: scale('propertyRuns') },
    );
  });
});
