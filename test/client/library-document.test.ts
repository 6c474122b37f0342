import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesIn } from '../embed/documents.js';
import { run } from '../interop/programs.js';

const top = fileURLToPath(new URL('../..', import.meta.url));

/** A program's own folder, with the built package installed in it. */
let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-client-examples-'));
  mkdirSync(join(work, 'node_modules'));
  symlinkSync(top, join(work, 'node_modules/plimsoll'));
  writeFileSync(join(work, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(() => rmSync(work, { recursive: true }));

describe('docs/client-library.md', () => {
  const examples = examplesIn('docs/client-library.md');

  it('has an example of each thing', () => {
    expect(examples.map(({ name }) => name)).toEqual([
      'first.mjs',
      'refused.mjs',
      'resume.mjs',
      'streams.mjs',
    ]);
  });

  it.each(examples)('$name prints what it says', async ({ name, code, prints }) => {
    writeFileSync(join(work, name), code);
    expect(await run(process.execPath, [name], { cwd: work })).toEqual({
      status: 0,
      stdout: prints,
      stderr: '',
    });
  });
});

describe("import 'plimsoll/client'", () => {
  it('loads no server and no database, starts nothing, prints nothing, ends by itself', async () => {
    const code = `
      import { createRequire } from 'node:module';
      const before = JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
      const { connect } = await import('plimsoll/client');
      await new Promise((resolve) => setImmediate(resolve));
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /better-sqlite3|kysely|pino|conf\\//.test(file));
      const after = JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
      console.log(JSON.stringify([typeof connect, loaded, process.report.getReport().workers.length, before === after]));`;
    writeFileSync(join(work, 'importing.mjs'), code);
    const result = await run(process.execPath, ['importing.mjs'], { cwd: work });
    expect(result).toEqual({ status: 0, stdout: '["function",[],0,true]\n', stderr: '' });
  });
});
