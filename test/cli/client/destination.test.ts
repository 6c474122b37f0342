import { describe, expect, it } from 'vitest';
import { formatHost, parseDestination, parsePort } from '../../../src/cli/client/destination.js';
import { Fault } from '../../../src/fault.js';

const nothing = { user: null, port: null, path: null };

it.each([
  ['host', { ...nothing, host: 'host' }],
  ['alice@host', { ...nothing, user: 'alice', host: 'host' }],
  ['alice@host:2222', { ...nothing, user: 'alice', host: 'host', port: 2222 }],
  ['alice@corp.example@host', { ...nothing, user: 'alice@corp.example', host: 'host' }],
  ['host:', { ...nothing, host: 'host' }],
  ['host:dir/file', { ...nothing, host: 'host', path: 'dir/file' }],
  ['host:/abs', { ...nothing, host: 'host', path: '/abs' }],
  ['alice@host:a@b:c', { ...nothing, user: 'alice', host: 'host', path: 'a@b:c' }],
  ['host:22a', { ...nothing, host: 'host', path: '22a' }],
  ['192.0.2.1:22', { ...nothing, host: '192.0.2.1', port: 22 }],
  ['::1', { ...nothing, host: '::1' }],
  ['fe80::1%eth0', { ...nothing, host: 'fe80::1%eth0' }],
  ['[::1]', { ...nothing, host: '::1' }],
  ['[::1]:2222', { ...nothing, host: '::1', port: 2222 }],
  ['alice@[2001:db8::1]:docs', { ...nothing, user: 'alice', host: '2001:db8::1', path: 'docs' }],
  ['host:[x]', { ...nothing, host: 'host', path: '[x]' }],
  ['sftp://host', { ...nothing, host: 'host' }],
  ['sftp://host/', { ...nothing, host: 'host' }],
  ['SFTP://alice@host:2222/a%20b', { user: 'alice', host: 'host', port: 2222, path: 'a b' }],
  ['sftp://a%40b@host//etc/x', { ...nothing, user: 'a@b', host: 'host', path: '/etc/x' }],
  ['sftp://alice;fingerprint=ssh-x@host/p', { ...nothing, user: 'alice', host: 'host', path: 'p' }],
  ['sftp://[::1]:22/x:y', { ...nothing, host: '::1', port: 22, path: 'x:y' }],
])('reads %s', (text, expected) => {
  expect(parseDestination(text)).toEqual(expected);
});

it.each([
  ['', 'there is no host'],
  ['@host', 'no user before the @'],
  ['alice@', 'there is no host'],
  [':22', 'there is no host'],
  ['-oProxyCommand=x', 'begins with a dash'],
  ['-x@host', 'begins with a dash'],
  ['host:0', "'0' is no port"],
  ['host:65536', "'65536' is no port"],
  ['[zz]:22', 'no IPv6 address'],
  ['[::1', 'no host has'],
  ['ho st', 'no host has'],
  ['host/dir', 'no host has'],
  ['a\u001b[2Jb', 'no host has'],
  ['host:a\nb', 'control character'],
  ['sftp://host/%zz', 'two hexadecimal digits'],
  ['sftp://host/%00', 'control character'],
  ['sftp://host:99999/', 'is no port'],
  ['sftp://alice:secret@host/', 'a password in the address would be seen by others'],
  ['ftp://host', 'write sftp:// instead of ftp://'],
])('refuses %j with what is wrong', (text, sentence) => {
  const read = (): unknown => parseDestination(text);
  expect(read).toThrow(sentence);
  expect(read).toThrow(Fault);
});

it('never repeats a password, nor control characters', () => {
  expect(() => parseDestination('sftp://alice:secret@host/')).not.toThrow('secret');
  expect(() => parseDestination('a\u001b[2Jb')).toThrow(expect.not.stringContaining('\u001b'));
});

describe('ports and hosts', () => {
  it('takes ports from 1 to 65535', () => {
    expect([parsePort('1'), parsePort('65535')]).toEqual([1, 65535]);
    for (const text of ['', '+1', '1.5', '-1', '1e3', '123456'])
      expect(() => parsePort(text)).toThrow('no port');
  });

  it('shows the port where it is not 22', () => {
    expect(formatHost('host', 22)).toBe('host');
    expect(formatHost('host', 2222)).toBe('host:2222');
    expect(formatHost('::1', 2222)).toBe('[::1]:2222');
  });
});
