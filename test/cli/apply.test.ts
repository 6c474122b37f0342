import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { commandsOn } from './in-process.js';
import { freshRoot, plimsollOn } from './plimsoll.js';

const yaml = `
accounts:
  - name: alice
    password: correct horse
    quota: 5MB
  - name: bob
    keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8iywG3Cs2jQJZ2K6i3T1XPa1tbn9NRmuhTqAVmwBT0 laptop
    readOnly: true
`;

interface Applied {
  readonly differences: readonly {
    readonly account: string;
    readonly action: string;
    readonly changes: string[];
  }[];
}

it('makes accounts as they stand in a file, changes nothing the second time, and prunes when told to', async () => {
  const root = freshRoot();
  const plimsoll = commandsOn(root);
  expect((await plimsoll(['apply', '-'], { input: yaml })).status).toBe(4);
  await plimsoll(['user', 'add', 'old', '--password-stdin'], { input: 'secret' });
  const file = join(dirname(root), 'accounts.yaml');
  writeFileSync(file, yaml);

  const dry = await plimsollOn(root)(['apply', file, '--dry-run', '--prune']);
  expect(dry.stdout).toBe(
    `- old\n+ alice  home ${root}/homes/alice\n+ bob  home ${root}/homes/bob\nNothing was changed: this was a dry run.\n`,
  );
  expect(existsSync(join(root, 'homes', 'alice'))).toBe(false);

  const first = await plimsollOn(root)(['apply', file, '--json']);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect((JSON.parse(first.stdout) as Applied).differences.map(({ action }) => action)).toEqual([
    'add',
    'add',
  ]);
  const second = await plimsoll(['apply', file]);
  expect(second).toMatchObject({ status: 0, stdout: 'nothing to change\n', stderr: '' });

  const changed = yaml.replace('5MB', '6MB').replace('correct horse', 'battery staple');
  const json = JSON.stringify({ accounts: [{ name: 'BOB', readOnly: false, state: 'locked' }] });
  expect((await plimsoll(['apply', '-'], { input: changed })).stdout).toBe(
    '~ alice  line 6 MB  password changed\n',
  );
  expect((await plimsoll(['apply', '-'], { input: json })).stdout).toBe('~ bob  locked  may write\n');

  const refused = await plimsoll(['apply', file, '--prune']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("this would remove 'old'");
  const pruned = await plimsoll(['apply', file, '--prune', '--yes']);
  expect(pruned.stdout).toContain('- old\n');
  expect(existsSync(join(root, 'homes', 'old'))).toBe(true);
  const names = JSON.parse((await plimsoll(['user', 'list', '--json'])).stdout) as { name: string }[];
  expect(names.map(({ name }) => name)).toEqual(['alice', 'bob']);
});

it('changes nothing at all where one account of the file is wrong', async () => {
  const root = freshRoot();
  const plimsoll = commandsOn(root);
  await plimsoll(['user', 'add', 'old', '--password-stdin'], { input: 'secret' });
  const wrong = `${yaml}  - { name: mallory, password: secret, home: keys }\n`;
  const outcome = await plimsoll(['apply', '-'], { input: wrong });
  expect(outcome.status).toBe(5);
  expect(outcome.stderr).toContain("account 'mallory': ");
  const names = JSON.parse((await plimsoll(['user', 'list', '--json'])).stdout) as { name: string }[];
  expect(names.map(({ name }) => name)).toEqual(['old']);
  expect(existsSync(join(root, 'homes', 'alice'))).toBe(false);
});
