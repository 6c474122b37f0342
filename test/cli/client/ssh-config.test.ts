import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SSHConfig from 'ssh-config';
import { expect, it } from 'vitest';
import { readHostConfig, type ConfigFiles } from '../../../src/cli/client/ssh-config.js';
import { Fault } from '../../../src/fault.js';

function filesOf(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read: (path) => texts[path] ?? null,
    list: (folder) =>
      Object.keys(texts)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
    resolve: (text) => (text.startsWith('/') ? text : `/ssh/${text}`),
  };
}

function configFor(
  host: string,
  text: string,
  more: Readonly<Record<string, string>> = {},
  user: string | null = null,
) {
  return Object.fromEntries(
    readHostConfig('/ssh/config', { host, user }, filesOf({ '/ssh/config': text, ...more })),
  );
}

it('takes the first value of each option, of the sections that apply, and every key file', () => {
  const text = `
    # a comment
    Host work
      HostName files.example
      Port=2200
      IdentityFile ~/.ssh/work
    Host other
      Port 1
    Host w* !work2
      port 99
      IdentityFile "~/.ssh/with blank"
    Match all
      User alice
      User bob
  `;
  expect(configFor('work', text)).toEqual({
    hostname: ['files.example'],
    port: ['2200'],
    identityfile: ['~/.ssh/work', '~/.ssh/with blank'],
    user: ['alice'],
  });
  expect(configFor('work2', text)).toEqual({ user: ['alice'] });
  expect(configFor('nowhere', text)).toEqual({ user: ['alice'] });
});

it('knows Match by host, original host and user', () => {
  const text = `
    Host short
      HostName long.example
    Match host long.example
      Port 1
    Match originalhost short user carol
      ConnectTimeout 7
  `;
  expect(configFor('short', text)).toMatchObject({ port: ['1'] });
  expect(configFor('short', text)).not.toHaveProperty('connecttimeout');
  expect(configFor('short', text, {}, 'carol')).toMatchObject({ connecttimeout: ['7'] });
});

it('follows Include: in its place, below its condition, by pattern, and not for ever', () => {
  const more = {
    '/ssh/conf.d/a.conf': 'Host work\n  Port 1\n',
    '/ssh/conf.d/b.conf': 'Port 2\nUser fromB\n',
    '/ssh/conf.d/c.txt': 'User fromC\n',
    '/ssh/loop': 'Include loop\n',
  };
  expect(configFor('work', 'Include conf.d/*.conf missing\nUser late\n', more)).toEqual({
    port: ['1'],
    user: ['fromB'],
  });
  expect(configFor('else', 'Host work\n  Include conf.d/b.conf\nHost *\n  User late\n', more)).toEqual({
    user: ['late'],
  });
  expect(() => configFor('x', 'Include loop\n', more)).toThrow('Include goes deeper than 16 files');
});

it('runs nothing that a configuration names', () => {
  const witness = join(mkdtempSync(join(tmpdir(), 'plim-config-')), 'ran');
  const text = `
    CanonicalizeHostname yes
    CanonicalDomains ;touch\t${witness}
    Match exec "touch ${witness}"
      User exec
    Match host * exec "touch ${witness}"
      User exec
    Match !exec "touch ${witness}"
      User exec
    Match final exec "touch ${witness}"
      User exec
    Host *
      CanonicalizeHostname yes
      CanonicalDomains example.invalid
      KnownHostsCommand touch ${witness}
      LocalCommand touch ${witness}
      User good
  `;
  const path = process.env['PATH'];
  const bin = mkdtempSync(join(tmpdir(), 'plim-bin-'));
  writeFileSync(join(bin, 'nslookup'), `#!/bin/sh\ntouch ${witness}\n`, { mode: 0o755 });
  try {
    process.env['PATH'] = `${bin}:${path}`;
    expect(configFor('work', text)).toEqual({ user: ['good'] });
    expect(existsSync(witness)).toBe(false);
    // The same file, asked as the package does it by itself.
    SSHConfig.parse(text).compute('work');
    expect(existsSync(witness)).toBe(true);
  } finally {
    process.env['PATH'] = path;
  }
});

it('says which file cannot be understood', () => {
  const wrong = (): unknown => configFor('x', 'User "open\nPort 1\n');
  expect(wrong).toThrow('/ssh/config cannot be understood');
  expect(wrong).toThrow(Fault);
});

it('knows nothing where there is no file', () => {
  expect([...readHostConfig('/none', { host: 'x', user: null }, filesOf({}))]).toEqual([]);
});
