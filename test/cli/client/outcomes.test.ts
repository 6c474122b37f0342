import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createClientPrinter, type PrinterOptions } from '../../../src/cli/client/client-printer.js';
import { outcomeRows, outcomes, successes } from '../../../src/cli/client/outcomes.js';
import { version } from '../../../src/cli/client/version.js';
import { exitOf } from '../../../src/cli/exit.js';
import { Fault, faultCodes } from '../../../src/fault.js';

it('has every outcome once, with a number of three digits of its own, and the exit code of its fault', () => {
  expect(outcomeRows.map(({ name }) => name).sort()).toEqual([...successes, ...faultCodes].sort());
  expect(new Set(outcomeRows.map(({ code }) => code)).size).toBe(outcomeRows.length);
  for (const { code, sentence } of outcomeRows) {
    expect(code).toBeGreaterThanOrEqual(200);
    expect(code).toBeLessThan(600);
    expect(sentence).not.toBe('');
  }
  for (const name of successes) {
    expect(outcomes[name]).toMatchObject({ exit: 0 });
    expect(outcomes[name].code).toBeLessThan(300);
  }
  for (const name of faultCodes) {
    expect(outcomes[name].exit).toBe(exitOf(name));
    expect(outcomes[name].code).toBeGreaterThanOrEqual(400);
  }
});

it('keeps the numbers that scripts rely on', () => {
  expect(Object.fromEntries(outcomeRows.map(({ name, code }) => [name, code]))).toMatchObject({
    done: 200,
    transferred: 201,
    'already-there': 204,
    skipped: 206,
    'login-refused': 401,
    quota: 402,
    denied: 403,
    'not-found': 404,
    exists: 409,
    'verification-failed': 502,
    'no-connection': 503,
  });
});

it('has the version of the package', () => {
  const file = new URL('../../../package.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version });
});

describe('a printer', () => {
  const plain = { json: false, quiet: false, codes: false };
  function printer(options: Partial<PrinterOptions> = {}) {
    const said = { stdout: '', stderr: '' };
    const made = createClientPrinter(
      {
        stdout: { write: (text) => (said.stdout += text) },
        stderr: { write: (text) => (said.stderr += text) },
      },
      { ...plain, ...options },
    );
    return { made, said };
  }

  it('prints text for people, and failures on stderr', () => {
    const { made, said } = printer();
    made.result({ a: 1 }, ['one', 'two']);
    made.note('good to know');
    made.warn('careful');
    made.fault(new Fault('not-found', 'x: no such file'));
    expect(said).toEqual({
      stdout: 'one\ntwo\ngood to know\n',
      stderr: 'plim: careful\nplim: x: no such file\n',
    });
    expect(made.answered).toBe(2);
  });

  it('puts numbers before results and failures', () => {
    const { made, said } = printer({ codes: true });
    made.result({ outcome: 'already-there' }, ['already there']);
    made.result({}, ['x']);
    made.fault(new Fault('quota'), 'full');
    expect(said).toEqual({ stdout: '204 already there\n200 x\n', stderr: 'plim: 402 full\n' });
  });

  it('writes one JSON document a line, with the outcome; a list stays a list', () => {
    const { made, said } = printer({ json: true });
    made.result({ outcome: 'skipped', name: 'a\n' }, ['text']);
    made.result([1], ['text']);
    made.note('kept back');
    made.fault(new Fault('exists', 'there'));
    expect(
      said.stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { name: 'a\n', outcome: 'skipped', code: 206 },
      [1],
      { code: 409, outcome: 'exists', message: 'there' },
    ]);
    expect(said.stderr).toBe('plim: there\n');
  });

  it('prints only failures with --quiet, and no asides with -q', () => {
    const quiet = printer({ quiet: true });
    quiet.made.result({}, ['text']);
    quiet.made.note('note');
    quiet.made.warn('w');
    expect(quiet.said).toEqual({ stdout: '', stderr: 'plim: w\n' });
    const terse = printer({ terse: true });
    terse.made.result({}, ['text']);
    terse.made.note('note');
    expect(terse.said).toEqual({ stdout: 'text\n', stderr: '' });
  });

  it('lets nobody steer the terminal, nor name an outcome that is none', () => {
    const { made, said } = printer({ codes: true });
    made.result({ outcome: 'toString' }, ['a\u001b[2J\u0007b']);
    made.warn('c\u001b]0;x\u0007');
    made.fault(new Fault('failure', 'd\r\u009be'));
    expect(said.stdout).toBe('200 a\\x1b[2J\\x07b\n');
    expect(said.stderr).toBe('plim: c\\x1b]0;x\\x07\nplim: 500 d\\x0d\\x9be\n');
  });

  it('tells a log of all that is said, printed or not', () => {
    const kinds: string[] = [];
    const { made } = printer({ quiet: true, log: (kind) => kinds.push(kind) });
    made.result({}, []);
    made.note('n');
    made.warn('w');
    made.fault(new Fault('busy'));
    expect(kinds).toEqual(['result', 'note', 'warning', 'fault']);
  });
});
