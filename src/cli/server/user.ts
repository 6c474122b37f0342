import { assertAccountName } from '../../auth/account-name.js';
import { Fault } from '../../fault.js';
import { argument, command, flag } from '../command.js';
import { withRoot } from '../open-root.js';
import { table } from '../printer.js';
import { accountOptions, wishOf } from './account-options.js';
import { assertWanted, newPassword } from './ask.js';
import { withOnlooker } from './onlooker.js';
import { noteAboveLine } from './quota.js';
import { accountLines, showUse } from './show-account.js';

const yes = flag('-y, --yes', 'do not ask');

export const userAdd = command({
  name: 'user add',
  args: ['<NAME>'],
  summary: 'make an account and its home',
  options: accountOptions,
  async run(context) {
    const name = argument(context, 0);
    // A mistyped command must not make a root of whatever folder it was typed in.
    assertAccountName(name);
    const wish = await wishOf(context);
    return withRoot(
      context,
      async ({ service }) => {
        await service.accounts.assertNew(name);
        const { passwordStdin } = context.options;
        // Who gave a key needs no password, and is not asked for one.
        const asks = passwordStdin || wish.keys === undefined || Boolean(context.env['PLIMSOLL_PASSWORD']);
        const password = asks ? await newPassword(context, { passwordStdin, name }) : null;
        if (password === null && wish.keys === undefined) {
          throw new Fault(
            'invalid',
            'the account could never log in: give it a key with --key FILE, or a password with --password-stdin',
          );
        }
        const added = await service.accounts.add(name, { ...wish, ...(password !== null && { password }) });
        context.printer.result(added.account, [
          `account '${name}' made: home ${added.account.home}, ${showUse(added.account)}`,
        ]);
        if (added.homeExisted)
          context.printer.note('The folder of its home was there already, and is kept as it is.');
        if (added.account.state !== 'active')
          context.printer.note(`It cannot log in: it is ${added.account.state}.`);
        return undefined;
      },
      { make: true },
    );
  },
});

export const userSet = command({
  name: 'user set',
  args: ['<NAME>'],
  summary: 'change an account; its open sessions feel it within a second',
  options: accountOptions,
  async run(context) {
    const name = argument(context, 0);
    const wish = await wishOf(context);
    return withRoot(context, async ({ service }) => {
      await service.accounts.find(name);
      const { passwordStdin } = context.options;
      const password = passwordStdin ? await newPassword(context, { passwordStdin, name }) : null;
      const changes = await service.accounts.set(name, { ...wish, ...(password !== null && { password }) });
      context.printer.result(
        await service.accounts.show(name),
        changes.length === 0 ? ['nothing to change'] : changes.map((change) => `${name}: ${change}`),
      );
      if (wish.bytesLimit !== undefined || wish.filesLimit !== undefined) {
        for (const view of (await service.lines.show(name)).views) noteAboveLine(context, view);
      }
      return undefined;
    });
  },
});

export const userPasswd = command({
  name: 'user passwd',
  args: ['<NAME>'],
  summary: 'give an account a new password',
  options: { passwordStdin: accountOptions.passwordStdin },
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const { name } = await service.accounts.find(argument(context, 0));
      const { passwordStdin } = context.options;
      const password = await newPassword(context, { passwordStdin, name });
      if (password === null) {
        throw new Fault('invalid', 'there is no terminal to ask on: give the password with --password-stdin');
      }
      await service.accounts.set(name, { password });
      context.printer.result(await service.accounts.show(name), [`${name}: password changed`]);
      return undefined;
    }),
});

export const userRemove = command({
  name: 'user remove',
  alias: 'rm',
  args: ['<NAME>'],
  summary: 'remove an account; its home stays, unless --delete-home',
  options: { deleteHome: flag('--delete-home', 'delete its home with all files in it'), yes },
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const account = await service.accounts.find(argument(context, 0));
      const { deleteHome } = context.options;
      const what = `remove the account '${account.name}'${deleteHome ? ` and delete ${account.home.path} with all files in it` : ''}`;
      await assertWanted(context, context.options.yes, what);
      const { name, home } = await service.accounts.remove(account.name, { deleteHome });
      context.printer.result({ removed: name, home: home.path, homeDeleted: deleteHome }, [
        `account '${name}' removed; ${deleteHome ? `${home.path} deleted` : `its files stay in ${home.path}`}`,
      ]);
      return undefined;
    }),
});

export const userList = command({
  name: 'user list',
  alias: 'ls',
  summary: 'list the accounts',
  options: {},
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const accounts = await withOnlooker(context, (onlooker) => service.accounts.list(onlooker));
      const rows = accounts.map((one) => [
        one.name,
        one.role,
        one.readOnly ? `${one.state}, read-only` : one.state,
        showUse(one),
        one.home,
      ]);
      context.printer.result(
        accounts,
        rows.length === 0
          ? ["no accounts: make one with 'plimsoll user add NAME'"]
          : table([['NAME', 'ROLE', 'STATE', 'LINE', 'HOME'], ...rows]),
      );
      return undefined;
    }),
});

export const userShow = command({
  name: 'user show',
  args: ['<NAME>'],
  summary: 'show an account, and how much of its line it uses',
  options: {},
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const account = await withOnlooker(context, (onlooker) =>
        service.accounts.show(argument(context, 0), onlooker),
      );
      context.printer.result(account, accountLines(account));
      return undefined;
    }),
});

export const userLock = stateCommand('lock', 'locked', 'let an account log in no more, and end its sessions');
export const userUnlock = stateCommand('unlock', 'active', 'let a locked account log in again');

function stateCommand(verb: string, state: 'active' | 'locked', summary: string) {
  return command({
    name: `user ${verb}`,
    args: ['<NAME>'],
    summary,
    options: {},
    run: (context) =>
      withRoot(context, async ({ service }) => {
        const name = argument(context, 0);
        const changes = await service.accounts.set(name, { state });
        const account = await service.accounts.show(name);
        context.printer.result(account, [
          `${account.name}: ${changes.length > 0 ? changes.join(', ') : `was ${account.state} already`}`,
        ]);
        return undefined;
      }),
  });
}

export const userRename = command({
  name: 'user rename',
  args: ['<NAME>', '<NEWNAME>'],
  summary: 'give an account another name; its home stays where it is',
  options: {},
  run: (context) =>
    withRoot(context, async ({ service }) => {
      const [from, to] = [argument(context, 0), argument(context, 1)];
      await service.accounts.rename(from, to);
      context.printer.result(await service.accounts.show(to), [`${from} is now ${to}`]);
      return undefined;
    }),
});
