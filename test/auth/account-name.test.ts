import { describe, expect, it } from 'vitest';
import { assertAccountName, isAnonymousName, parseLoginName } from '../../src/auth/account-name.js';

const hostileNames = [
  '',
  'a\0b',
  'alice\0',
  '../bob',
  '..',
  '.',
  'a/b',
  '/',
  'a\\b',
  'alice\r\nbob',
  'alice\n',
  '\u001b[2Jalice',
  'alice ',
  ' alice',
  '%',
  '{{}}',
  '-rf',
  '_alice',
  '\u212aim',
  'al\u0131ce',
  'x'.repeat(65),
  'x'.repeat(256),
  'x'.repeat(65_536),
  '+admin',
  'alice+',
  'alice+root',
  'alice+admin+admin',
  'alice +admin',
];

describe('account names', () => {
  it.each(['a', 'Alice', '0', 'a.b_c@d-e', 'x'.repeat(64), 'bob@example.org', 'anonymous2', 'ftpuser'])(
    'allows %s',
    (name) => {
      expect(() => assertAccountName(name)).not.toThrow();
      expect(parseLoginName(name)).toEqual({ name, view: 'own' });
    },
  );

  it.each(hostileNames.map((name) => ({ shown: JSON.stringify(name.slice(0, 40)), name })))(
    'refuses $shown',
    ({ name }) => {
      expect(() => assertAccountName(name)).toThrow('an account name has');
      expect(parseLoginName(name)).toBeNull();
    },
  );

  it.each(['anonymous', 'Anonymous', 'ftp', 'FTP'])('keeps %s for anonymous logins', (name) => {
    expect(() => assertAccountName(name)).toThrow('kept for anonymous logins');
    expect(isAnonymousName(name)).toBe(true);
  });

  it('reads the view of an admin off the end, regardless of case', () => {
    expect(parseLoginName('root+admin')).toEqual({ name: 'root', view: 'homes' });
    expect(parseLoginName('Root+ADMIN')).toEqual({ name: 'Root', view: 'homes' });
    expect(parseLoginName('admin')).toEqual({ name: 'admin', view: 'own' });
  });

  it('answers hostile names at once', () => {
    expect(parseLoginName('+admin'.repeat(100_000))).toBeNull();
    expect(parseLoginName(`${'a'.repeat(249)}+admin`)).toBeNull();
  });
});
