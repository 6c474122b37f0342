import { describe, expect, it } from 'vitest';
import { parseKeyFile } from '../../src/publickey/key-file.js';
import { formatPublicKey } from '../../src/publickey/public-key.js';
import { dsaLine, goldenKeys, shortRsaLine } from './golden-keys.js';

const [ed25519] = goldenKeys;
const ed25519Line = ed25519?.line ?? '';
const base64 = ed25519Line.split(' ')[1] ?? '';

describe('parseKeyFile', () => {
  it.each(goldenKeys)('reads the authorized_keys line of $name [sshd(8)]', (golden) => {
    const [key, ...more] = parseKeyFile(`${golden.line}\n`);
    expect(more).toEqual([]);
    expect(key.type).toBe(golden.type);
    expect(key.fingerprint).toBe(golden.fingerprint);
    expect(key.comment).toBe(`made for ${golden.name}`);
    expect(formatPublicKey(key)).toBe(golden.line);
  });

  it.each(goldenKeys)('reads what ssh-keygen -e wrote of $name [RFC 4716 3]', (golden) => {
    const [key] = parseKeyFile(golden.rfc4716);
    expect(key.fingerprint).toBe(golden.fingerprint);
    expect(key.type).toBe(golden.type);
    expect(key.comment).toMatch(/^\d+-bit [A-Z0-9]+, converted by someone@example.org from OpenSSH$/);
  });

  it('reads many keys in both formats, each once, past blank lines, comments, CRLF and a BOM', () => {
    const text = [
      '\ufeff# the team',
      '',
      ...goldenKeys.map((golden) => `  ${golden.line}  `),
      ...goldenKeys.map((golden) => golden.rfc4716),
    ].join('\r\n');
    expect(parseKeyFile(text).map((key) => key.fingerprint)).toEqual(
      goldenKeys.map((golden) => golden.fingerprint),
    );
  });

  it('joins continued headers and passes over unknown ones [RFC 4716 3.3]', () => {
    const body = (ed25519?.rfc4716 ?? '').split('\n').slice(2);
    const text = [
      '---- BEGIN SSH2 PUBLIC KEY ----',
      'Subject: me',
      'x-private-note: anything \\',
      'at: all',
      'COMMENT: "one \\',
      'two"',
      ...body,
    ].join('\n');
    expect(parseKeyFile(text)[0]).toMatchObject({ comment: 'one two', fingerprint: ed25519?.fingerprint });
  });

  it('takes what would steer a terminal out of a comment', () => {
    const [key] = parseKeyFile(`ssh-ed25519 ${base64} me\u001b[2J\u202e\u0007 and you`);
    expect(key.comment).toBe('me[2J and you');
  });

  it.each([
    ['from="10.0.0.0/8"', 'from'],
    ['no-pty', 'no-pty'],
    ['restrict,command="say \\"hi there\\" now",no-x', 'restrict'],
    ['environment="A=b c"', 'environment'],
    ['cert-authority', 'cert-authority'],
    ['expiry-time="20300101"', 'expiry-time'],
  ])('refuses the options %s by name', (options, name) => {
    expect(() => parseKeyFile(`${options} ${ed25519Line}`)).toThrow(`line 1: the option '${name}' is not`);
  });

  it.each([
    ['this is a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n'],
    ['this is a private key', '-----BEGIN RSA PRIVATE KEY-----'],
    ['this is a private key', '-----BEGIN ENCRYPTED PRIVATE KEY-----'],
    ['this is a private key', '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----'],
    ['PuTTYgen', 'PuTTY-User-Key-File-3: ssh-ed25519'],
    ['ssh-keygen -i -m PKCS8', '-----BEGIN PUBLIC KEY-----'],
    ['not an SSH public key', '-----BEGIN CERTIFICATE-----'],
    ["keys of type 'ssh-dss' are not supported", dsaLine],
    ["keys of type 'sk-ssh-ed25519@openssh.com'", `sk-ssh-ed25519@openssh.com ${base64}`],
    ["'ssh-ed25519-cert-v01@openssh.com'", `ssh-ed25519-cert-v01@openssh.com ${base64}`],
    ['1024 bits', shortRsaLine],
    ["the line says 'ssh-rsa', the key is 'ssh-ed25519'", `ssh-rsa ${base64}`],
    ['malformed', `ssh-ed25519 ${base64.slice(0, -4)}`],
    ['cut short', `ssh-ed25519 ${base64.slice(0, -1)}`],
    ['cut short', `ssh-ed25519 ${base64.slice(0, 8)}!${base64.slice(8)}`],
    ['cut short', 'ssh-ed25519'],
    ['this is not a public key', base64],
    ['this is not a public key', '<html>'],
    ['no public key', ''],
    ['no public key', '# nothing\n\n'],
    ["'---- END SSH2 PUBLIC KEY ----' is missing", '---- BEGIN SSH2 PUBLIC KEY ----\nComment: x'],
    ['cut short', '---- BEGIN SSH2 PUBLIC KEY ----\n---- END SSH2 PUBLIC KEY ----'],
    [
      'too long',
      `---- BEGIN SSH2 PUBLIC KEY ----\nComment: ${'x'.repeat(1025)}\n${base64}\n---- END SSH2 PUBLIC KEY ----`,
    ],
    ['too large', 'A'.repeat(2 ** 20 + 1)],
  ])('refuses with "%s"', (sentence, text) => {
    expect(() => parseKeyFile(text)).toThrow(sentence);
  });

  it('names the bad line, and one bad line refuses all', () => {
    expect(() => parseKeyFile(`${ed25519Line}\n\nnonsense\n`)).toThrow('line 3: this is not a public key');
  });

  it('shows nothing of a private key in its refusal', () => {
    const secret = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END';
    expect(() => parseKeyFile(secret)).toThrow(/^(?!.*b3Blbn)/s);
  });
});
