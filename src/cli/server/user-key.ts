import { keysOf } from '../../admin/account-view.js';
import { argument, command, flag } from '../command.js';
import { withRoot } from '../open-root.js';
import { readKeys } from './account-options.js';
import { keyLine } from './show-account.js';

export const userKeyAdd = command({
  name: 'user key add',
  args: ['<NAME>', '<FILE>'],
  summary: 'let an account log in with the public keys in a file (- is standard input)',
  options: {},
  async run(context) {
    const name = argument(context, 0);
    const keys = await readKeys(argument(context, 1), context.terminal);
    return withRoot(context, async ({ service }) => {
      const changes = await service.accounts.set(name, { keys });
      const account = await service.accounts.find(name);
      context.printer.result(
        keysOf(account),
        changes.length === 0 ? ['nothing to change'] : changes.map((change) => `${account.name}: ${change}`),
      );
      return undefined;
    });
  },
});

export const userKeyList = command({
  name: 'user key list',
  alias: 'ls',
  args: ['<NAME>'],
  summary: 'list the keys of an account',
  options: {},
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const account = await service.accounts.find(argument(context, 0));
      const { name } = account;
      const keys = keysOf(account);
      context.printer.result(keys, keys.length === 0 ? [`${name} has no keys`] : keys.map(keyLine));
      return undefined;
    }),
});

export const userKeyRemove = command({
  name: 'user key remove',
  alias: 'rm',
  args: ['<NAME>', '<KEY>'],
  summary: 'take a key away, by fingerprint or comment; sessions that logged in by it end',
  options: { yes: flag('-y, --yes', 'do not ask (nothing is asked: a key can be added again)') },
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const { name } = await service.accounts.find(argument(context, 0));
      const key = await service.accounts.findKey(name, argument(context, 1));
      await service.accounts.removeKey(name, key.fingerprint);
      context.printer.result({ removed: key.fingerprint }, [`${name}: key ${key.fingerprint} removed`]);
      return undefined;
    }),
});
