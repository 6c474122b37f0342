import { describe, expect, it } from 'vitest';
import { JobQueue, type Job } from '../../src/client/job-queue.js';

/** A job that ends when the test says so. */
function held(): { readonly job: Job; readonly end: () => void; readonly begun: () => boolean } {
  let end: () => void = () => undefined;
  let begun = false;
  const wait = new Promise<void>((resolve) => (end = resolve));
  return {
    job: () => {
      begun = true;
      return wait;
    },
    end,
    begun: () => begun,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('JobQueue', () => {
  it('has as many files under way as it may, and begins them in order', async () => {
    const queue = new JobQueue({ files: 2, folders: 1, ahead: 100 });
    const jobs = [1, 2, 3, 4].map(() => held());
    for (const { job } of jobs) await queue.file(job);
    expect(jobs.map(({ begun }) => begun())).toEqual([true, true, false, false]);
    jobs[1]?.end();
    await settled();
    expect(jobs.map(({ begun }) => begun())).toEqual([true, true, true, false]);
    for (const { end } of jobs) end();
    await queue.done();
    expect(jobs[3]?.begun()).toBe(true);
  });

  it('holds the walk back where too many files wait, and tells it once', async () => {
    let full = 0;
    const queue = new JobQueue({ files: 1, folders: 1, ahead: 3, full: () => full++ });
    const jobs = Array.from({ length: 10 }, held);
    let queued = 0;
    const walk = (async () => {
      for (const { job } of jobs) {
        await queue.file(job);
        queued++;
      }
    })();
    await settled();
    expect(queued).toBe(4);
    for (const [index, { end }] of jobs.entries()) {
      end();
      await settled();
      expect(queued).toBeLessThanOrEqual(index + 6);
    }
    await walk;
    await queue.done();
    expect(full).toBe(1);
  });

  it('reads a tree of any size with few folders that wait', async () => {
    const queue = new JobQueue({ files: 1, folders: 2, ahead: 1 });
    let open = 0;
    let most = 0;
    let visited = 0;
    const visit = async (depth: number): Promise<void> => {
      most = Math.max(most, ++open);
      visited++;
      await settled();
      if (depth < 3) for (let child = 0; child < 12; child++) await queue.folder(() => visit(depth + 1));
      open--;
    };
    await queue.folder(() => visit(0));
    await queue.done();
    expect(visited).toBe(1 + 12 + 144 + 1728);
    // Two at once, and below each those that its own children are read in.
    expect(most).toBeLessThanOrEqual(2 * 4);
  });

  it('begins nothing after it was stopped, and lets go of who waits', async () => {
    const queue = new JobQueue({ files: 1, folders: 1, ahead: 0 });
    const [first, second, third] = [held(), held(), held()];
    await queue.file(first.job);
    const waiting = queue.file(second.job);
    queue.stop();
    await waiting;
    await queue.file(third.job);
    await queue.folder(third.job);
    first.end();
    await queue.done();
    expect([second.begun(), third.begun()]).toEqual([false, false]);
  });

  it('tells when the walk has ended, while files are still under way', async () => {
    const queue = new JobQueue({ files: 1, folders: 1, ahead: 5 });
    const file = held();
    await queue.folder(() => queue.file(file.job));
    await queue.walked();
    let done = false;
    const end = queue.done().then(() => (done = true));
    await settled();
    expect(done).toBe(false);
    file.end();
    await end;
  });
});
