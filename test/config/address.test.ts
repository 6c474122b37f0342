import { expect, it } from 'vitest';
import { formatAddress, isLoopback, parseAddress } from '../../src/config/address.js';

it.each([
  ['127.0.0.1:2222', '127.0.0.1', 2222],
  ['[::1]:0', '::1', 0],
  ['files.example.org:65535', 'files.example.org', 65535],
])('reads %s and writes it the same', (text, host, port) => {
  const address = parseAddress(text);
  expect(address).toEqual({ host, port });
  expect(address && formatAddress(address)).toBe(text);
});

it.each([
  '',
  '2222',
  ':2222',
  'host',
  'host:',
  'host:65536',
  '::1:22',
  '[::1]',
  '[host]:22',
  'a b:1',
  'h:-1',
  'h:1 ',
])('refuses %j', (text) => {
  expect(parseAddress(text)).toBeNull();
});

it('knows what the machine keeps to itself', () => {
  expect(['127.0.0.1', '127.8.9.1', '::1', 'localhost', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.org', 'localhost.evil.org'].some(isLoopback)).toBe(false);
});
