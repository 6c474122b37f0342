import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashedName, knownName, namesHost, parseKnownHosts } from '../../src/client/known-hosts.js';
import { missing } from '../interop/programs.js';

const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIBiDF9hMVRrc4OSkbGsrLrXgZFFZHMJ0nG1sLjDjDjCb';
const key = `ssh-ed25519 ${ed25519}`;

describe('a file of known hosts', () => {
  it('knows keys by line, marker, names and type', () => {
    const text = [
      '# a comment',
      '',
      `example.org,192.0.2.1 ${key} with a comment`,
      `\t@revoked * ${key}\r`,
      `@cert-authority *.example.org ${key}`,
    ].join('\n');
    expect(parseKnownHosts(text).map(({ line, marker, names }) => [line, marker, names])).toEqual([
      [3, null, 'example.org,192.0.2.1'],
      [4, 'revoked', '*'],
      [5, 'cert-authority', '*.example.org'],
    ]);
    expect(parseKnownHosts(text)[0]?.blob).toEqual(Buffer.from(ed25519, 'base64'));
  });

  it.each([
    ['no key', 'example.org ssh-ed25519'],
    ['nothing but a marker', '@revoked'],
    ['an unknown marker', `@trusted example.org ${key}`],
    ['a key that is not base64', 'example.org ssh-ed25519 *&%'],
    ['a key of another type', `example.org ssh-rsa ${ed25519}`],
    ['a key that is cut off', 'example.org ssh-ed25519 AAAA'],
    ['a line without end', `${'x,'.repeat(40_000)} ${key}`],
    ['version 1 of the protocol', 'example.org 1024 35 1234567890'],
  ])('passes over %s, and reads what follows', (_what, line) => {
    expect(parseKnownHosts(`${line}\nother.org ${key}`).map(({ line: at }) => at)).toEqual([2]);
  });

  it.each([
    ['example.org', 'example.org', true],
    ['EXAMPLE.org', 'example.org', true],
    ['other.org,example.org', 'example.org', true],
    ['*.org', 'example.org', true],
    ['*.org,!example.org', 'example.org', false],
    ['!example.org,*.org', 'example.org', false],
    ['!other.org', 'example.org', false],
    ['example.???', 'example.org', true],
    ['example.????', 'example.org', false],
    ['[example.org]:2222', '[example.org]:2222', true],
    ['example.org', '[example.org]:2222', false],
    ['[*.org]:*', '[example.org]:2222', true],
    ['*', '[::1]:22', true],
    ['', 'example.org', false],
    [',', 'example.org', false],
    ['|1|AAAA|BBBB', 'example.org', false],
    ['|2|salt|hash', 'example.org', false],
  ])('%s means %s: %s', (names, name, meant) => {
    expect(namesHost(names, name)).toBe(meant);
  });

  it('is not slow over hostile patterns', () => {
    const names = `${'*a'.repeat(10_000)}b`;
    const begun = performance.now();
    expect(namesHost(names, 'a'.repeat(255))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it('names a host with its port, unless that is 22', () => {
    expect(knownName('Example.ORG', 22)).toBe('example.org');
    expect(knownName('::1', 22)).toBe('::1');
    expect(knownName('::1', 2222)).toBe('[::1]:2222');
  });

  it('finds a name by its hash alone', () => {
    const names = hashedName('example.org');
    expect(names).not.toContain('example');
    expect(namesHost(names, 'example.org')).toBe(true);
    expect(namesHost(names, 'example.com')).toBe(false);
  });
});

describe.skipIf(missing('ssh-keygen'))('a file of known hosts, beside ssh-keygen', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-known-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Lines on which ssh-keygen finds the host. */
  function foundByOpenSsh(file: string, name: string): readonly number[] {
    const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'latin1' });
    return [...stdout.matchAll(/^# Host .* found: line (\d+)/gm)].map(([, line]) => Number(line));
  }

  function found(file: string, name: string): readonly number[] {
    return parseKnownHosts(readFileSync(file, 'latin1'))
      .filter(({ names }) => namesHost(names, name))
      .map(({ line }) => line);
  }

  it('reads what ssh-keygen -H hashed', () => {
    const file = join(folder, 'hashed');
    writeFileSync(file, `example.org,192.0.2.1 ${key}\n[example.org]:2222 ${key}\n`);
    expect(spawnSync('ssh-keygen', ['-H', '-f', file]).status).toBe(0);
    expect(readFileSync(file, 'latin1')).not.toContain('example');
    for (const name of ['example.org', '192.0.2.1', '[example.org]:2222', 'other.org']) {
      expect(found(file, name), name).toEqual(foundByOpenSsh(file, name));
    }
    expect(found(file, '[example.org]:2222')).toHaveLength(1);
  });

  it('has ssh-keygen read the hashes it makes', () => {
    const file = join(folder, 'ours');
    writeFileSync(file, `${hashedName('example.org')} ${key}\n`);
    expect(foundByOpenSsh(file, 'example.org')).toEqual([1]);
  });

  it('finds what ssh-keygen finds, whatever the patterns', () => {
    const name = fc.constantFrom('a.org', 'b.a.org', 'a', '[a.org]:2222', '::1', '[::1]:22', '10.0.0.1');
    const piece = fc.constantFrom('a', 'b', '.org', '*', '?', '[', ']:2222', '::1', '10.0.', '!', 'A', '**');
    const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
    const names = fc.array(fc.oneof(pattern, name), { minLength: 1, maxLength: 3 });
    const line = fc.oneof(
      { weight: 5, arbitrary: names.map((all) => `${all.join(',')} ${key}`) },
      { weight: 1, arbitrary: fc.constantFrom('', '# x', `@revoked a.org ${key}`) },
    );
    const file = join(folder, 'patterns');
    fc.assert(
      fc.property(fc.array(line, { minLength: 20, maxLength: 40 }), name, (lines, host) => {
        writeFileSync(file, `${lines.join('\n')}\n`);
        expect(found(file, host), lines.join('\n')).toEqual(foundByOpenSsh(file, host));
      }),
      { numRuns: 60 },
    );
  });
});
