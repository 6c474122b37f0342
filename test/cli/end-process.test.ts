import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const module = fileURLToPath(new URL('../../dist/cli/end-process.js', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-end-'));
  spawnSync('mkfifo', [join(folder, 'fifo')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function endOf(
  script: string,
): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  const prelude = `
    import { open } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    const { endProcess, endProcessNow } = await import(${JSON.stringify(module)});
    const fifo = ${JSON.stringify(join(folder, 'fifo'))};
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + script], { stdio: 'ignore' });
  // Nobody ever writes to the FIFO: whoever opens it waits like for a disk that hangs.
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { code, signal };
}

it.each([
  ['a call', `open(fifo, 'r', () => undefined); await endProcess(3);`],
  ['a call, at once', `open(fifo, 'r', () => undefined); endProcessNow(3, 200);`],
  [
    'a thread',
    // Held and let go as src/threads.ts does.
    `const work = (path) =>
       "import { openSync } from 'node:fs'; import { parentPort } from 'node:worker_threads'; " +
       "parentPort.on('message', () => openSync('" + path + "', 'r'))";
     const worker = new Worker(work(fifo), { eval: true });
     worker.unref();
     worker.ref();
     worker.postMessage('');
     setTimeout(() => endProcess(3), 200);`,
  ],
])('ends the process although it hangs in the disk: %s', async (_where, script) => {
  expect(await endOf(script)).toEqual({ code: null, signal: 'SIGKILL' });
});

it('keeps the exit code where nothing hangs, and lets what runs come to its end', async () => {
  expect(await endOf('await endProcess(3)')).toEqual({ code: 3, signal: null });
  const running = `open('/dev/null', 'r', () => undefined);`;
  expect(await endOf(`${running} await endProcess(5);`)).toEqual({ code: 5, signal: null });
  expect(await endOf(`${running} endProcessNow(6, 199);`)).toEqual({ code: 6, signal: null });
});
