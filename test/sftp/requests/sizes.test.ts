import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../src/wire/codec.js';
import { statusCodes } from '../../../src/wire/status.js';
import { recorded } from '../recorded-channel.js';
import { StrictBudget } from '../strict-budget.js';
import { turns, until } from '../turns.js';
import { started } from './asking.js';

describe('a reply is never larger than what was set aside for it [T3]', () => {
  it('where it quotes what the client sent', async () => {
    const session = recorded({ output: new StrictBudget(1 << 20) });
    const name = '\xff'.repeat(1024);
    session.start(
      { kind: 'home-directory', user: name },
      { kind: 'expand-path@openssh.com', path: `~${'\xff'.repeat(60_000)}/x` },
      { kind: 'check-file-name', path: '/', algorithms: name, start: 0, length: 0, blockSize: 0 },
      { kind: 'stat', path: 'x'.repeat(65_535) },
      { kind: 'rename', from: `/${'\xe9'.repeat(255)}`, to: '/y' },
    );
    await until(() => session.ids.length === 5);
    expect(session.failures).toEqual([]);
    for (const { head } of session.replies) expect(head.length).toBeLessThan(1024);
  });

  it('where the names of all ids are one account of the longest name', async () => {
    const session = recorded({
      output: new StrictBudget(1 << 20),
      person: { name: 'n'.repeat(64), uid: 7, gid: 7 },
    });
    const ids = (count: number): number[] => Array.from({ length: count }, () => 7);
    session.start(
      { kind: 'users-groups-by-id@openssh.com', uids: ids(1800), gids: ids(1800) },
      { kind: 'users-groups-by-id@openssh.com', uids: ids(4096), gids: ids(4096) },
      { kind: 'users-groups-by-id@openssh.com', uids: [], gids: [] },
    );
    await until(() => session.ids.length === 3);
    expect(session.failures).toEqual([]);
    expect(session.replies.map(({ type }) => type)).toEqual([201, 101, 201]);
    expect(session.replies[0]?.head.length).toBeGreaterThan(3600 * 68);
  });

  it('where symbolic links make a path of any length', async () => {
    const output = new StrictBudget(1 << 20);
    const pair = await started({ output });
    const folder = `/${Array.from({ length: 15 }, () => 'd'.repeat(250)).join('/')}`;
    let path = '';
    for (const name of folder.slice(1).split('/')) await pair.vfs.mkdir((path += `/${name}`), 0o755);
    await pair.vfs.symlink('/short', folder);
    await pair.vfs.mkdir(`/short/${'e'.repeat(200)}`, 0o755);
    await pair.vfs.mkdir(`/short/${'e'.repeat(200)}/${'f'.repeat(200)}`, 0o755);
    expect(await pair.ask({ kind: 'realpath', path: '/short' })).toMatchObject({
      entries: [{ name: folder }],
    });
    const deep = `/short/${'e'.repeat(200)}/${'f'.repeat(200)}`;
    expect(await pair.ask({ kind: 'realpath', path: deep })).toMatchObject({
      kind: 'status',
      code: statusCodes.failure,
      message: 'the path is too long',
    });
  });
});

describe('bytes behind the last field [PROTOCOL 2.2]', () => {
  it('of any request are ignored, and do not become a part of it', async () => {
    const session = recorded();
    session.start();
    const behind = (request: Parameters<typeof encodeRequest>[0]): void => {
      const packet = Buffer.concat([encodeRequest(request), Buffer.from('behind')]);
      packet.writeUInt32BE(packet.length - 4);
      session.sink.data(packet);
    };
    behind({ kind: 'limits@openssh.com', id: 1 });
    behind({ kind: 'home-directory', id: 2, user: '' });
    behind({ kind: 'mkdir', id: 3, path: '/made', attrs: {} });
    behind({ kind: 'statvfs@openssh.com', id: 4, path: '/' });
    behind({ kind: 'stat', id: 5, path: '/made' });
    await until(() => session.ids.length === 5);
    await turns();
    expect(session.replies.map(({ type }) => type)).toEqual([201, 104, 101, 201, 105]);
  });
});
