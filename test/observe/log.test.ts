import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createEvents } from '../../src/observe/events.js';
import { openLog, type LogOptions } from '../../src/observe/log.js';

const connection = { connection: 'c1', address: '192.0.2.7' };

function logTo(options: Partial<LogOptions> = {}) {
  const target = join(mkdtempSync(join(tmpdir(), 'plimsoll-log-')), 'log');
  const events = createEvents();
  const log = openLog({ level: 'info', target, readable: false, colour: false, ...options }, events);
  return { log, events, target, text: () => readFileSync(target, 'utf8') };
}

it('writes JSON lines with time, level, event, what happened and its fields', async () => {
  const { log, events, text, target } = logTo();
  events.emit('login.succeeded', {
    ...connection,
    account: 'alice',
    view: 'own',
    method: 'publickey',
    fingerprint: 'SHA256:abc',
    client: 'OpenSSH_9.2',
  });
  await log.close();
  const line = JSON.parse(text()) as Record<string, unknown>;
  expect(line).toMatchObject({
    level: 'info',
    event: 'login.succeeded',
    account: 'alice',
    fingerprint: 'SHA256:abc',
    msg: 'alice logged in from 192.0.2.7 by publickey SHA256:abc',
  });
  expect(Date.parse(String(line['time']))).toBeGreaterThan(0);
  expect(statSync(target).mode & 0o777).toBe(0o600);
});

it('leaves out what is below its level', async () => {
  const { log, events, text } = logTo({ level: 'warn' });
  events.emit('connection.opened', connection);
  events.emit('server.stopping', { reason: 'SIGTERM' });
  events.emit('server.warning', { message: 'look' });
  await log.close();
  expect(text().trim().split('\n')).toHaveLength(1);
});

it('writes text for people, in which no peer can steer the terminal', async () => {
  const { log, events, text } = logTo({ readable: true });
  const user = '\u001b[2Jroot\nINFO: forged\u009b';
  events.emit('login.failed', {
    ...connection,
    user,
    method: 'password',
    fingerprint: null,
    reason: 'no such account',
  });
  await log.close();
  expect(text()).toContain('login of \\x1b[2Jroot\\x0aINFO: forged\\x9b from 192.0.2.7');
  expect(text()).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(text()).not.toMatch(/^INFO: forged/m);
});

it('writes its last words before it returns', () => {
  const { log, text } = logTo();
  log.fatal('uncaught exception', new TypeError('boom'));
  expect(JSON.parse(text())).toMatchObject({ level: 'fatal', msg: 'uncaught exception' });
  expect(text()).toContain('TypeError: boom');
});

it('refuses a file that cannot be opened, naming it', () => {
  expect(() => logTo({ target: '/nonexistent-folder/log' })).toThrow(
    'the log file /nonexistent-folder/log cannot be opened: no such file or directory (ENOENT)',
  );
});
