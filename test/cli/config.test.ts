import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settingNames } from '../../src/config/environment.js';
import { commandsOn } from './in-process.js';
import { freshRoot, plimsollOn } from './plimsoll.js';

/** A root that somebody configured before its first start. */
function configured(content: string) {
  const root = freshRoot();
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc', 'plimsoll.json'), content);
  return { root, plimsoll: commandsOn(root) };
}

it('shows every setting with its value and where that comes from', async () => {
  const { plimsoll } = configured('{ "login.tries": 3 }');
  const { status, stdout } = await plimsoll(['config', 'show', '--json'], { env: { PLIMSOLL_UMASK: '077' } });
  expect(status).toBe(0);
  const shown = JSON.parse(stdout) as { name: string; value: unknown; source: string }[];
  expect(shown.map(({ name }) => name)).toEqual(settingNames);
  expect(shown).toContainEqual({ name: 'login.tries', value: 3, source: 'file' });
  expect(shown).toContainEqual({ name: 'umask', value: '077', source: 'environment' });
  expect(shown).toContainEqual({ name: 'listen', value: ['127.0.0.1:2222'], source: 'default' });
});

it('sets, gets and unsets, in a root only', async () => {
  const root = freshRoot();
  const plimsoll = plimsollOn(root);
  expect((await plimsoll(['config', 'set', 'login.tries', '3'])).status).toBe(4);
  await plimsoll(['user', 'add', 'alice', '--password-stdin'], { input: 'secret' });
  const set = await plimsoll(['config', 'set', 'listen', '0.0.0.0:22, [::]:22']);
  expect(set).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(readFileSync(join(root, 'etc', 'plimsoll.json'), 'utf8'))).toEqual({
    listen: ['0.0.0.0:22', '[::]:22'],
  });
  expect((await plimsoll(['config', 'get', 'listen'])).stdout).toBe('0.0.0.0:22,[::]:22\n');
  const wrong = await plimsoll(['config', 'set', 'login.grace', '1y']);
  expect(wrong).toMatchObject({
    status: 2,
    stderr: 'plimsoll: login.grace is "1y": allowed is a time like 30s, 15m or 1h, from 1s to 10m\n',
  });
  const unset = await plimsoll(['config', 'unset', 'listen'], { env: { PLIMSOLL_LISTEN: '[::1]:22' } });
  expect(unset.stdout).toBe('listen is at its default again\nA running server takes it at its next start.\n');
  expect(unset.stderr).toBe('plimsoll: PLIMSOLL_LISTEN in the environment overrides it\n');
  const unknown = await plimsoll(['config', 'unset', 'lisetn']);
  expect(unknown).toMatchObject({
    status: 4,
    stderr: "plimsoll: there is no setting 'lisetn'; did you mean 'listen'?\n",
  });
});

it('checks the file and the environment, and says all that is wrong', async () => {
  const fine = await configured('{}').plimsoll(['config', 'check'], { env: { PLIMSOLL_LOGIN_GRAEC: '1s' } });
  expect(fine.status).toBe(0);
  expect(fine.stderr).toBe(
    "plimsoll: PLIMSOLL_LOGIN_GRAEC in the environment is no setting; did you mean 'PLIMSOLL_LOGIN_GRACE'?\n",
  );
  const { root, plimsoll } = configured('{ "login.tries": 0, "login.grcae": "30s" }');
  const wrong = await plimsoll(['config', 'check']);
  expect(wrong.status).toBe(2);
  const file = join(root, 'etc', 'plimsoll.json');
  expect(wrong.stderr).toBe(
    `plimsoll: login.tries is 0 in ${file}: allowed is a whole number from 1 to 100\n` +
      `plimsoll: there is no setting 'login.grcae' in ${file}; did you mean 'login.grace'?\n`,
  );
});
