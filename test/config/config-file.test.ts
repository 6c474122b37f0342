import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configPath, readConfigFile, setInFile, unsetInFile } from '../../src/config/config-file.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { settings } from '../../src/config/settings.js';

function rootWith(content?: unknown): string {
  const root = mkdtempSync(join(tmpdir(), 'plimsoll-config-'));
  if (content === undefined) return root;
  mkdirSync(join(root, 'etc'));
  writeFileSync(configPath(root), typeof content === 'string' ? content : JSON.stringify(content));
  return root;
}

function load(root: string, env: Record<string, string> = {}) {
  return loadSettings({ root, env });
}

describe('reading', () => {
  it('takes the default where there is no file, and makes neither file nor folder', async () => {
    const root = rootWith();
    const loaded = await load(root);
    expect(loaded.settings['login.grace']).toBe(30_000);
    expect(loaded.settings['quota.bytes']).toBe(100_000_000);
    expect(loaded.sources.listen).toBe('default');
    expect(existsSync(join(root, 'etc'))).toBe(false);
  });

  it('takes the command line before the environment before the file', async () => {
    const root = rootWith({ 'login.tries': 3, 'login.pending': 7, umask: '027' });
    const loaded = await loadSettings({
      root,
      env: { PLIMSOLL_LOGIN_PENDING: '8', PLIMSOLL_UMASK: '077' },
      overrides: { umask: { value: '007', option: '--umask' } },
    });
    expect(loaded.settings['login.tries']).toBe(3);
    expect(loaded.settings['login.pending']).toBe(8);
    expect(loaded.settings.umask).toBe('007');
    expect(loaded.sources).toMatchObject({
      'login.tries': 'file',
      'login.pending': 'environment',
      umask: 'command line',
      listen: 'default',
    });
  });

  it('does not write to a file that it reads, whatever the rights', async () => {
    const root = rootWith({ 'login.tries': 3 });
    chmodSync(configPath(root), 0o444);
    chmodSync(join(root, 'etc'), 0o555);
    const before = statSync(configPath(root));
    expect((await load(root)).settings['login.tries']).toBe(3);
    const after = statSync(configPath(root));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  it('takes a list of nothing where that means something, and nowhere else', async () => {
    const name = 'PLIMSOLL_ALGORITHMS_FALLBACK_MACS';
    expect((await load(rootWith(), { [name]: '' })).settings['algorithms.fallbackMacs']).toEqual([]);
    expect(
      (await load(rootWith({ 'algorithms.fallbackMacs': [] }))).settings['algorithms.fallbackMacs'],
    ).toEqual([]);
    await expect(load(rootWith(), { [name]: 'hmac-sha2-256,' })).rejects.toThrow('or an empty list');
    await expect(load(rootWith({ 'algorithms.macs': [] }))).rejects.toThrow('algorithms.macs is []');
  });
});

describe('what is wrong', () => {
  it('names the setting, the value, where it was found and what is allowed', async () => {
    const root = rootWith({ 'login.grace': 'soon' });
    await expect(load(root)).rejects.toThrow(
      `login.grace is "soon" in ${configPath(root)}: allowed is a time like 30s, 15m or 1h, from 1s to 10m`,
    );
    await expect(load(rootWith(), { PLIMSOLL_LOGIN_PENDING_PER_ADDRESS: '0' })).rejects.toThrow(
      'login.pendingPerAddress is 0 in the environment (PLIMSOLL_LOGIN_PENDING_PER_ADDRESS): ' +
        'allowed is a whole number from 1 to 100000',
    );
    await expect(
      loadSettings({
        root: rootWith(),
        env: {},
        overrides: { listen: { value: ['nowhere'], option: '--listen' } },
      }),
    ).rejects.toThrow('listen is ["nowhere"] (--listen): allowed is a list of addresses like 127.0.0.1:2222');
  });

  it('refuses an unknown setting with the nearest that there is', async () => {
    const root = rootWith({ 'login.grcae': '30s' });
    await expect(load(root)).rejects.toThrow(
      `there is no setting 'login.grcae' in ${configPath(root)}; did you mean 'login.grace'?`,
    );
    await expect(load(rootWith({ xyzzyplugh: 1 }))).rejects.toThrow(
      /^there is no setting 'xyzzyplugh' in [^;]*$/,
    );
  });

  it('lists every problem, not the first only', async () => {
    const root = rootWith({ 'login.tries': 'many', 'session.handles': -1 });
    await expect(load(root)).rejects.toThrow(/login\.tries is "many"[^]*\n.*session\.handles is -1/);
  });

  it.each([
    ['{ "login.tries": 3', 'is not valid JSON'],
    ['[]', 'must hold one JSON object'],
    ['"text"', 'must hold one JSON object'],
    ['null', 'must hold one JSON object'],
    ['', 'is not valid JSON'],
  ])('refuses %j, naming the file, and leaves it as it is', async (content, sentence) => {
    const root = rootWith(content);
    await expect(load(root)).rejects.toThrow(`${configPath(root)} ${sentence}`);
    expect(readFileSync(configPath(root), 'utf8')).toBe(content);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'takes %s for no setting',
    async (name) => {
      await expect(load(rootWith(`{ "${name}": {} }`))).rejects.toThrow(`there is no setting '${name}'`);
    },
  );
});

describe('writing', () => {
  it('holds only what the operator changed, with flat names, for nobody else to read', async () => {
    const root = rootWith();
    await setInFile(configPath(root), 'login.grace', '20s');
    await setInFile(configPath(root), 'listen', ['0.0.0.0:22']);
    expect(JSON.parse(readFileSync(configPath(root), 'utf8'))).toEqual({
      'login.grace': '20s',
      listen: ['0.0.0.0:22'],
    });
    expect(statSync(configPath(root)).mode & 0o777).toBe(0o600);
    expect(await unsetInFile(configPath(root), 'login.grace')).toBe(true);
    expect(await unsetInFile(configPath(root), 'login.grace')).toBe(false);
    expect(await readConfigFile(configPath(root))).toEqual({ listen: ['0.0.0.0:22'] });
  });

  it('refuses a wrong value and leaves the file', async () => {
    const root = rootWith({ 'login.tries': 3 });
    await expect(setInFile(configPath(root), 'login.tries', 0)).rejects.toThrow(
      'login.tries is 0: allowed is',
    );
    expect(await readConfigFile(configPath(root))).toEqual({ 'login.tries': 3 });
  });

  it('can repair the one wrong setting, and take an unknown one out', async () => {
    const root = rootWith({ 'login.tries': 'many' });
    await setInFile(configPath(root), 'login.tries', 4);
    expect(await readConfigFile(configPath(root))).toEqual({ 'login.tries': 4 });
    const other = rootWith({ 'login.tires': 4 });
    expect(await unsetInFile(configPath(other), 'login.tires')).toBe(true);
    expect(await readConfigFile(configPath(other))).toEqual({});
  });
});

it('has defaults that are allowed', () => {
  for (const setting of Object.values(settings)) expect(() => setting.parse(setting.default)).not.toThrow();
});
