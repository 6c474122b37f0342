import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultCodes, faultSentences, operationNames, statusNames } from '../../src/testing.js';
import { examplesIn } from '../embed/documents.js';
import { run, type Result } from '../interop/programs.js';

const top = fileURLToPath(new URL('../..', import.meta.url));
const document = readFileSync(join(top, 'docs/testing.md'), 'utf8');
const examples = examplesIn('docs/testing.md');

/** Somebody's project, with the built package and its test runner installed. */
let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-examples-'));
  mkdirSync(join(work, 'node_modules'));
  symlinkSync(top, join(work, 'node_modules/plimsoll'));
  for (const name of ['vitest', 'ssh2-sftp-client']) {
    symlinkSync(join(top, 'node_modules', name), join(work, 'node_modules', name));
  }
  writeFileSync(join(work, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const { name, code } of examples) writeFileSync(join(work, name), code);
});
afterAll(() => rmSync(work, { recursive: true }));

/** Without what a test runner says to the programs it runs. */
function node(...args: readonly string[]): Promise<Result> {
  const { PATH } = process.env;
  return run(process.execPath, args, { cwd: work, env: { PATH, HOME: work, NO_COLOR: '1' } });
}

function testsIn(file: string): number {
  const code = examples.find(({ name }) => name === file)?.code ?? '';
  return code.match(/^test\(/gm)?.length ?? 0;
}

/** What stands between backticks in the paragraph that begins so. */
function listed(beginning: string): readonly string[] {
  const paragraph = document.split('\n\n').find((one) => one.startsWith(beginning)) ?? '';
  return [...paragraph.slice(beginning.length).matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

describe('docs/testing.md', () => {
  it('has an example of each thing', () => {
    expect(examples.map(({ name }) => name)).toEqual([
      ...['first.mjs', 'upload.js', 'upload.test.js', 'orders.js', 'orders.test.js', 'requests.mjs'],
    ]);
  });

  it.each(examples.filter(({ prints }) => prints !== null))(
    '$name prints what it says',
    async ({ name, prints }) => {
      expect(await node(name)).toEqual({ status: 0, stdout: prints, stderr: '' });
    },
  );

  it('upload.test.js passes under vitest as it stands there', async () => {
    const { status, stdout, stderr } = await node(
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=json',
      'upload.test.js',
    );
    expect(status, stdout + stderr).toBe(0);
    const [results = ''] = /^\{.*\}$/m.exec(stdout) ?? [];
    expect(JSON.parse(results)).toMatchObject({
      success: true,
      numPassedTests: testsIn('upload.test.js'),
      numTotalTests: testsIn('upload.test.js'),
    });
    expect(testsIn('upload.test.js')).toBeGreaterThan(3);
  });

  it('orders.test.js passes under node:test as it stands there', async () => {
    const { status, stdout, stderr } = await node('--test', '--test-reporter=tap', 'orders.test.js');
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toContain(`# pass ${testsIn('orders.test.js')}\n# fail 0\n`);
    expect(testsIn('orders.test.js')).toBeGreaterThan(3);
  });

  it('has a row for each fault, in its own words, and for nothing else', () => {
    const [, table = ''] = /\n\| `server\.faults\.`[^\n]*\n\|[^\n]*\n((?:\|[^\n]*\n)+)/.exec(document) ?? [];
    const rows = table
      .trimEnd()
      .split('\n')
      .map((row) => /^\| `(\w+)\([^`]*\)` +\| (.*?) +\|$/.exec(row)?.slice(1));
    expect(Object.fromEntries(rows.map((row) => row as [string, string]))).toEqual(faultSentences);
    expect(rows).toHaveLength(Object.keys(faultSentences).length);
  });

  it('names every operation, fault and status', () => {
    expect(listed('The operations are')).toEqual(operationNames);
    expect(listed("`fault` is one of the product's own words: ").slice(0, faultCodes.length)).toEqual(
      faultCodes,
    );
    expect(listed('`code` is a number, or ').slice(0, Object.keys(statusNames).length)).toEqual(
      Object.keys(statusNames),
    );
  });
});
