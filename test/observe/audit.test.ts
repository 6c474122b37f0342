import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openAudit } from '../../src/observe/audit.js';
import { createEvents } from '../../src/observe/events.js';

const actor = { connection: 'c1', address: '192.0.2.7', account: 'alice' };

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'plimsoll-audit-'));
}

function linesOf(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('appends audited events in order, one JSON line each, for nobody else to read', async () => {
  const path = join(folder(), 'audit.log');
  const events = createEvents();
  const audit = openAudit(path, events, () => new Date(0));
  for (let number = 0; number < 500; number++) {
    events.emit('entry.changed', { ...actor, operation: 'mkdir', path: `/${number}` });
  }
  events.emit('server.warning', { message: 'not for the audit' });
  await audit.close();
  const lines = linesOf(path);
  expect(lines.map(({ path }) => path)).toEqual(Array.from({ length: 500 }, (_, number) => `/${number}`));
  expect(lines[0]).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    event: 'entry.changed',
    ...actor,
    operation: 'mkdir',
    path: '/0',
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('keeps what was there, and hears nothing after it was closed', async () => {
  const path = join(folder(), 'audit.log');
  writeFileSync(path, '{"event":"old"}\n');
  const events = createEvents();
  const audit = openAudit(path, events);
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  await audit.close();
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  expect(linesOf(path).map(({ event }) => event)).toEqual(['old', 'session.opened']);
});

it('cannot be made to hold a forged line or a control character', async () => {
  const path = join(folder(), 'audit.log');
  const events = createEvents();
  const audit = openAudit(path, events);
  const user = 'x\r\n{"event":"login.succeeded"}\u001b]0;\u0007\u009b2J\u2028\u202e';
  events.emit('login.failed', {
    ...actor,
    user,
    method: 'password',
    fingerprint: null,
    reason: 'no such account',
  });
  await audit.close();
  const text = readFileSync(path, 'utf8');
  expect(text.split('\n')).toHaveLength(2);
  expect(text.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
  expect(linesOf(path)[0]?.['user']).toBe(
    'x\\x0d\\x0a{"event":"login.succeeded"}\\x1b]0;\\x07\\x9b2J\\u2028\\u202e',
  );
});

it('follows a rotation under a running server', async () => {
  const path = join(folder(), 'audit.log');
  const events = createEvents();
  const audit = openAudit(path, events);
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  await vi.waitFor(() => expect(statSync(path).size).toBeGreaterThan(0));
  renameSync(path, `${path}.1`);
  events.emit('session.closed', { ...actor, kind: 'sftp', requests: 3 });
  await audit.close();
  expect(linesOf(`${path}.1`)).toHaveLength(1);
  expect(linesOf(path)).toHaveLength(1);
});

it('warns once when it cannot be written, goes on, and records the gap', async () => {
  const place = join(folder(), 'var');
  const path = join(place, 'audit.log');
  const events = createEvents();
  const warnings: string[] = [];
  let warned: () => void = () => undefined;
  const firstWarning = new Promise<void>((resolve) => (warned = resolve));
  events.subscribe((name, event) => {
    if (name !== 'server.warning') return;
    warnings.push((event as { message: string }).message);
    warned();
  });
  const audit = openAudit(path, events);
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  await firstWarning;
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  await audit.close();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^the audit log \S+ cannot be written: no such file or directory \(ENOENT\)$/);
});

it('says how many lines were lost once the file can be written again, apart from half a line', async () => {
  const place = folder();
  const path = join(place, 'audit.log');
  mkdirSync(path);
  const events = createEvents();
  let warned: () => void = () => undefined;
  const warning = new Promise<void>((resolve) => (warned = resolve));
  events.subscribe((name) => {
    if (name === 'server.warning') warned();
  });
  const audit = openAudit(path, events);
  events.emit('session.opened', { ...actor, kind: 'sftp' });
  await warning;
  rmSync(path, { recursive: true });
  writeFileSync(path, '{"event":"half');
  events.emit('session.closed', { ...actor, kind: 'sftp', requests: 1 });
  await audit.close();
  const [half, lost, closed] = readFileSync(path, 'utf8').split('\n');
  expect(half).toBe('{"event":"half');
  expect(JSON.parse(lost ?? '')).toMatchObject({ event: 'audit.lost', lines: 1 });
  expect(JSON.parse(closed ?? '')).toMatchObject({ event: 'session.closed' });
});
