import { describe, expect, it } from 'vitest';
import { parseApplyFile } from '../../src/admin/apply-file.js';

describe('a file for apply', () => {
  it('says the same as JSON and as YAML', () => {
    const account = {
      name: 'alice',
      password: 'p w',
      quota: '5MB',
      files: 10,
      readOnly: true,
      expires: '2027-01-31',
    };
    const yaml = `
accounts:
  - name: alice
    password: p w
    quota: 5MB
    files: 10
    readOnly: true
    expires: 2027-01-31
`;
    const wanted = parseApplyFile(yaml);
    expect(wanted).toEqual(parseApplyFile(JSON.stringify({ accounts: [account] })));
    expect(wanted).toEqual([
      {
        name: 'alice',
        wish: {
          password: 'p w',
          bytesLimit: 5_000_000,
          filesLimit: 10,
          readOnly: true,
          expires: new Date('2027-01-31T00:00:00Z'),
        },
      },
    ]);
  });

  it('takes null for no limit and no expiry', () => {
    const [alice] = parseApplyFile(
      '{"accounts":[{"name":"alice","quota":null,"files":null,"expires":null}]}',
    );
    expect(alice?.wish).toEqual({ bytesLimit: null, filesLimit: null, expires: null });
  });

  it.each([
    ['', 'the file must be a mapping'],
    ['[]', 'the file must be a mapping'],
    ['accounts:', "needs a list 'accounts'"],
    ['accounts: []', "the list 'accounts' is empty"],
    ['acounts: []', "the file has no field 'acounts'; did you mean 'accounts'?"],
    ['accounts: [{}]', 'account 1 needs a name, as text'],
    ['accounts: [{ name: 1 }]', 'account 1 needs a name, as text'],
    ['accounts: [{ name: a, qouta: 1MB }]', "account 'a' has no field 'qouta'; did you mean 'quota'?"],
    ['accounts: [{ name: a, __proto__: {} }]', "account 'a' has no field '__proto__'"],
    ['accounts: [{ name: a, quota: lots }]', "account 'a', quota: 'lots' is not a size"],
    ['accounts: [{ name: a, password: 12345 }]', "account 'a', password: must be text"],
    ['accounts: [{ name: a, readOnly: yes please }]', "account 'a', readOnly: must be true or false"],
    ['accounts: [{ name: a, state: expired }]', "account 'a', state: must be active or locked"],
    ['accounts: [{ name: a, keys: [nonsense] }]', "account 'a', keys: line 1: this is not a public key"],
    [
      'accounts: [{ name: a, password: b, passwordHash: c }]',
      "account 'a' has both password and passwordHash",
    ],
    ['accounts: [{ name: a }, { name: A }]', "the account 'A' stands there twice"],
    ['accounts: [{ name: a, name: b }]', 'the file is neither JSON nor YAML'],
    ['accounts: [', 'the file is neither JSON nor YAML'],
  ])('%j is refused', (content, sentence) => {
    expect(() => parseApplyFile(content)).toThrow(sentence);
  });

  it('never repeats a secret, in whatever way the file is broken', () => {
    for (const content of [
      'accounts: [{ name: a, password: "tops3cret }]',
      'accounts: [{ name: a, password: tops3cret, password: tops3cret }]',
      'accounts:\n  - name: a\n    password: @tops3cret\n',
      'accounts:\n  - name: a\n    password: *tops3cret\n',
      '{"accounts":[{"name":"a","password":"tops3cret",}}',
      'accounts: [{ name: a, password: [tops3cret] }]',
      'accounts: [{ name: a, password: half,tops3cret }]',
    ]) {
      let message = '';
      try {
        parseApplyFile(content);
      } catch (thrown) {
        message = (thrown as Error).message;
      }
      expect(message, content).not.toBe('');
      expect(message, content).not.toContain('tops3cret');
    }
  });

  it('is not blown up by aliases', () => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0 ? 'a0: &a0 [x, x]' : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(10)}]`,
    );
    const before = process.memoryUsage().heapUsed;
    expect(() => parseApplyFile(levels.join('\n'))).toThrow('too many YAML aliases');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });
});

it('shows what the file has to look like where it is empty', () => {
  expect(() => parseApplyFile('')).toThrow('the file must be a mapping, like { accounts: [...] }');
});
