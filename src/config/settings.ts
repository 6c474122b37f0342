import { parseAddress } from './address.js';
import { bool, count, duration, limit, list, size, text, type Setting } from './setting.js';

/**
 * Every setting of the server, declared once: the loader, its schema, `plimsoll config`, the environment names and the
 * documentation derive from this table. The environment name of `login.grace` is `PLIMSOLL_LOGIN_GRACE`.
 */
export const settings = {
  listen: list({
    default: ['127.0.0.1:2222'],
    allowed: 'a list of addresses like 127.0.0.1:2222 or [::1]:2222',
    item: (text) => parseAddress(text) !== null,
    help: 'addresses to serve on, HOST:PORT; port 0 picks one',
  }),
  workers: count({ default: 1, min: 1, max: 64, help: 'processes that serve, sharing the addresses' }),
  'log.level': text({
    default: 'info',
    oneOf: ['error', 'warn', 'info', 'debug'],
    help: 'how much is logged',
  }),
  'log.file': text({
    default: '',
    allowed: 'a path, or nothing',
    help: 'where the log goes, below the root unless absolute; empty is stderr',
  }),
  'audit.file': text({
    default: 'var/audit.log',
    pattern: '.',
    allowed: 'a path',
    help: 'the audit log, below the root unless absolute',
  }),
  'quota.bytes': limit({
    default: '100MB',
    help: 'load line of a home that has none of its own; none for no line',
  }),
  'quota.files': text({
    default: 'none',
    pattern: '^(none|[0-9]{1,15})$',
    allowed: 'a whole number, or none',
    help: 'files a home may hold; none for no line',
  }),
  'quota.warn': count({
    default: 90,
    min: 0,
    max: 100,
    help: 'percent of its line from which on a home is nearly full, as a session that begins is told; 0 tells nobody',
  }),
  umask: text({
    default: '022',
    pattern: '^[0-7]{3}$',
    allowed: 'three octal digits like 022',
    help: 'permission bits that new files and folders lack',
  }),
  'chown.ignore': bool({
    default: false,
    help: 'answer a chown to somebody else with success, doing nothing',
  }),
  'anonymous.enabled': bool({ default: false, help: 'let anonymous and ftp log in without a password' }),
  'anonymous.home': text({
    default: 'homes/anonymous',
    pattern: '.',
    allowed: 'a path',
    help: 'home of anonymous users, below the root unless absolute',
  }),
  'anonymous.readOnly': bool({ default: true, help: 'anonymous users may only read' }),
  'login.grace': duration({
    default: '30s',
    min: '1s',
    max: '10m',
    help: 'time from connecting to being logged in',
  }),
  'login.tries': count({ default: 6, min: 1, max: 100, help: 'login attempts of one connection' }),
  'login.pending': count({
    default: 100,
    min: 1,
    max: 100_000,
    help: 'connections not yet logged in, in all',
  }),
  'login.pendingPerAddress': count({ default: 20, min: 1, max: 100_000, help: 'the same from one address' }),
  'login.unsentBytes': size({
    default: '256KiB',
    help: 'output that may wait for a peer that is not logged in',
  }),
  'login.packetsPerSecond': count({
    default: 200,
    min: 20,
    max: 100_000,
    help: 'SSH packets of a peer that is not logged in',
  }),
  'session.channels': count({ default: 10, min: 1, max: 1000, help: 'channels of one connection' }),
  'session.handles': count({ default: 256, min: 4, max: 100_000, help: 'open handles of one session' }),
  'session.idle': duration({
    default: '15m',
    min: '5s',
    max: '7d',
    help: 'a connection without requests is closed after',
  }),
  'session.outputBytes': size({
    default: '4MiB',
    min: '1MiB',
    help: 'replies that may wait for one connection',
  }),
  'session.inputBytes': size({
    default: '4MiB',
    min: '1MiB',
    help: 'written bytes that may wait for the disk, of one connection',
  }),
  'keepalive.interval': duration({
    default: '15s',
    min: '1s',
    max: '1h',
    help: 'how often a silent peer is probed',
  }),
  'keepalive.count': count({
    default: 3,
    min: 1,
    max: 100,
    help: 'probes without answer before the connection ends',
  }),
  'rekey.bytes': size({ default: '1GiB', min: '1MiB', help: 'bytes after which new keys are exchanged' }),
  'rekey.interval': duration({
    default: '1h',
    min: '10s',
    max: '1d',
    help: 'time after which new keys are exchanged',
  }),
  'rekey.grace': duration({ default: '30s', min: '1s', max: '10m', help: 'time a key exchange may take' }),
  'stop.grace': duration({
    default: '10s',
    min: '0s',
    max: '1h',
    help: 'time running requests get when the server stops',
  }),
  'password.cost': count({
    default: 16,
    min: 10,
    max: 20,
    help: 'scrypt cost of new password hashes, as a power of two',
  }),
  'path.threads': count({ default: 4, min: 1, max: 64, help: 'threads that resolve paths' }),
  'algorithms.kex': list({
    default: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
    help: 'key exchanges, best first',
  }),
  'algorithms.ciphers': list({
    default: [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'chacha20-poly1305@openssh.com',
      'aes128-ctr',
      'aes256-ctr',
    ],
    help: 'ciphers, best first',
  }),
  'algorithms.macs': list({
    default: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
    help: 'message authentication for ciphers that need it, best first',
  }),
  'algorithms.fallbackMacs': list({
    default: ['hmac-sha2-256', 'hmac-sha2-512'],
    mayBeEmpty: true,
    help: 'message authentication that is not encrypt-then-MAC, offered on purpose, and only to clients that could not connect otherwise, best first',
  }),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** The settings in force, parsed: sizes in bytes (`null` for none), durations in milliseconds. */
export type Settings = { readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> };
