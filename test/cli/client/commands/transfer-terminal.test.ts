import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../src/testing.js';
import { missing } from '../../../interop/programs.js';
import { Person, plim } from '../pty.js';

const large = randomBytes(2_000_000);

let server: TestServer;
let work: string;
let people: Person[];

beforeAll(async () => {
  server = await startTestServer({ files: { '/large.bin': large } });
});
afterAll(() => server.close());
beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'plim-terminal-'));
  people = [];
  // As it is after the installation: a program of that name.
  mkdirSync(join(work, 'bin'));
  writeFileSync(join(work, 'bin/plim'), `#!/bin/sh\nexec '${process.execPath}' '${plim}' "$@"\n`, {
    mode: 0o755,
  });
  await server.write('/notes.txt', 'theirs');
});
afterEach(async () => {
  server.faults.clear();
  for (const person of people) await person.gone();
  rmSync(work, { recursive: true });
});

const environment = () => ({
  HOME: work,
  XDG_CONFIG_HOME: join(work, 'config'),
  PLIM_PASSWORD: 'secret',
  PATH: `${join(work, 'bin')}:${process.env['PATH'] ?? ''}`,
});
const place = (): string => `alice@127.0.0.1:${server.port}`;

function person(...args: readonly string[]): Person {
  const made = Person.at(['--accept-new', ...args], { cwd: work, env: environment(), columns: 300 });
  people.push(made);
  return made;
}

/** Has a line run by a shell. */
function shell(line: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return promisify(execFile)('bash', ['-c', `set -o pipefail; ${line}`], { cwd: work, env: environment() });
}

describe.skipIf(missing('python3'))('in front of a terminal', () => {
  it('is asked what becomes of a name that is taken', async () => {
    writeFileSync(join(work, 'notes.txt'), 'mine');
    const alice = person(place(), 'put', 'notes.txt');
    await alice.sees(/notes\.txt is there already: .*overwrite, rename, skip\? \[.*\] $/);
    alice.types('n\r');
    expect(await alice.leaves()).toBe(0);
    expect((await server.read('/notes.txt')).toString()).toBe('theirs');
    expect((await server.read('/notes.txt.new')).toString()).toBe('mine');
  });

  it('is asked once for all that follow, at the prompt', async () => {
    mkdirSync(join(work, 'tree'));
    for (const name of ['a', 'b', 'c']) {
      writeFileSync(join(work, 'tree', name), 'mine');
      await server.write(`/tree/${name}`, 'theirs');
    }
    const alice = person(place());
    await alice.sees(/plim> $/);
    alice.types('put -r tree/. tree\r');
    await alice.sees(/is there already: .*\] $/);
    alice.types('O\r');
    await alice.sees(/3 files, 12 B\s+plim> $/);
    alice.types('bye\r');
    expect(await alice.leaves()).toBe(0);
    for (const name of ['a', 'b', 'c']) expect((await server.read(`/tree/${name}`)).toString()).toBe('mine');
  });

  it('gives up at a question by Ctrl-C, with nothing touched', async () => {
    writeFileSync(join(work, 'notes.txt'), 'mine');
    const alice = person(place(), 'get', 'notes.txt');
    await alice.sees(/\] $/);
    alice.presses('Ctrl-C');
    expect(await alice.leaves()).toBe(130);
    expect(readFileSync(join(work, 'notes.txt'), 'latin1')).toBe('mine');
    expect(readdirSync(work).sort()).toEqual(['bin', 'config', 'notes.txt']);
  });

  it.each([
    ['get', 'large.bin', 'it\'s "large".bin', () => readFileSync(join(work, 'it\'s "large".bin'))],
    ['put', 'large.bin', 'my [large] $1.bin', () => server.read('/my [large] $1.bin')],
  ])(
    'stops a %s by Ctrl-C, and the line that is shown goes on with it',
    async (command, from, to, result) => {
      if (command === 'put') writeFileSync(join(work, from), large);
      const alice = person(place(), command, '--limit', '1MB', from, to);
      await alice.sees(/ [1-9]\d?% /);
      alice.presses('Ctrl-C');
      const [, line = ''] = await alice.sees(/received .* of 2 MB; continue with: (plim .*)/);
      expect(await alice.leaves()).toBe(130);
      const { stdout } = await shell(line.trim().replace('--limit 1MB', '--limit none'));
      expect(stdout).toMatch(/of which .* were there/);
      expect((await result()).equals(large)).toBe(true);
    },
  );
});

describe('in a pipe', () => {
  it('takes standard input and gives standard output, byte for byte', async () => {
    writeFileSync(join(work, 'large.bin'), large);
    const at = `plim --accept-new ${place()}`;
    const { stderr } = await shell(
      `cat large.bin | ${at} put - streamed > said && ${at} get streamed - > back && cmp large.bin back`,
    );
    expect(stderr).toMatch(/streamed: 2 MB in .*, MD5 equal\n {2}MD5 here (\w{32}) there \1/);
    expect(readFileSync(join(work, 'said'), 'latin1')).toContain('MD5 equal');
    expect((await server.read('/streamed')).equals(large)).toBe(true);
  });

  it('leaves nothing open where the reader goes away', async () => {
    const { stdout } = await shell(
      `plim --accept-new ${place()} get large.bin - | head -c 1000 | wc -c; true`,
    );
    expect(stdout.trim()).toBe('1000');
  });
});
