import { assertAccountName } from '../auth/account-name.js';
import { Fault, toFault } from '../fault.js';
import type { Account, AccountStore } from '../store/accounts.js';
import { assertPasswordHash, type Accounts, type AccountWish, type Homes } from './accounts.js';
import type { WantedAccount } from './apply-file.js';
import type { Limit } from './lines.js';

/** One account that is not as the file wants it. */
export interface Difference {
  readonly account: string;
  readonly action: 'add' | 'change' | 'remove';
  /** In words, without secrets; empty for `remove`. */
  readonly changes: readonly string[];
}

/** A difference with how it is made good. */
export interface Step extends Difference {
  carryOut(): Promise<void>;
}

export interface ApplyParts {
  readonly accounts: Accounts;
  readonly store: AccountStore;
  readonly homes: Homes;
}

/** An account of the file with what stands for it now. */
interface Row {
  readonly name: string;
  readonly wish: AccountWish;
  readonly account: Account | null;
  /** The real path of the home it shall have. */
  readonly home: string;
}

/**
 * Compares the accounts with a file and changes nothing: every name, home and line is checked here, so that a file with
 * a mistake in it changes nothing either. The same file a second time gives no step.
 * @throws Fault naming the account
 */
export async function planApply(
  wanted: readonly WantedAccount[],
  options: { readonly prune: boolean },
  parts: ApplyParts,
): Promise<readonly Step[]> {
  const existing = await parts.store.list();
  const named = new Set(wanted.map(({ name }) => name.toLowerCase()));
  const gone = options.prune ? existing.filter(({ name }) => !named.has(name.toLowerCase())) : [];
  const staying = existing.filter((account) => !gone.includes(account));

  const rows: Row[] = [];
  for (const { name, wish } of wanted) {
    const account = staying.find((one) => one.name.toLowerCase() === name.toLowerCase()) ?? null;
    // Homes of accounts to come refuse each other as those in the store do.
    const others = [...staying.map(({ home }) => home.path), ...rows.map(({ home }) => home)];
    rows.push(await about(name, () => checkedRow(name, wish, account, others, parts.homes)));
  }
  const steps: Step[] = [];
  for (const row of rows) {
    const step = await about(row.name, () => stepFor(row, rows, staying, parts.accounts));
    if (step) steps.push(step);
  }
  // Removals first, so that a home they leave can be taken by another.
  return [...gone.map(({ name }) => removal(name, parts.accounts)), ...steps];
}

async function about<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const fault = toFault(thrown);
    throw new Fault(fault.code, `account '${name}': ${fault.message}`, { cause: fault.cause });
  }
}

async function checkedRow(
  name: string,
  wish: AccountWish,
  account: Account | null,
  others: readonly string[],
  homes: Homes,
): Promise<Row> {
  if (wish.passwordHash !== undefined) assertPasswordHash(wish.passwordHash);
  if (!account) {
    assertAccountName(name);
    if (wish.password === undefined && wish.passwordHash === undefined && !wish.keys?.length) {
      throw new Fault('invalid', 'is new and could never log in: give it password, passwordHash or keys');
    }
  }
  const stays = account !== null && wish.home === undefined;
  const home = stays ? account.home.path : await homes.check(homes.locate(wish.home, name), others);
  return { name, wish, account, home };
}

async function stepFor(
  row: Row,
  rows: readonly Row[],
  staying: readonly Account[],
  accounts: Accounts,
): Promise<Step | null> {
  const { name, account, home } = row;
  const wish = withoutSharedLine(row, rows, staying);
  await accounts.assertLine(home, account, wish);
  if (!account) {
    return {
      account: name,
      action: 'add',
      changes: [`home ${home}`],
      carryOut: async () => {
        await accounts.add(name, wish);
      },
    };
  }
  const needed = await accounts.withoutKnownPassword(account, wish);
  const changes = await accounts.difference(account, { ...needed, home });
  if (changes.length === 0) return null;
  return {
    account: account.name,
    action: 'change',
    changes,
    carryOut: async () => {
      await accounts.set(name, needed);
    },
  };
}

/**
 * A home has one line, whoever shares it: where the home's first account states it in the same file, the others may
 * only say the same, and are left out of it, whatever the order they stand in.
 * @throws Fault `invalid`, naming the first account
 */
function withoutSharedLine(row: Row, rows: readonly Row[], staying: readonly Account[]): AccountWish {
  const oldest = staying.filter(({ home }) => home.path === row.home).sort((a, b) => a.id - b.id)[0];
  const first = oldest
    ? rows.find(({ account }) => account?.id === oldest.id)
    : rows.find(({ home }) => home === row.home);
  if (!first || first === row) return row.wish;
  const { bytesLimit, filesLimit, ...rest } = row.wish;
  // A first account that is new and says nothing gets the default; of one that exists, the store is asked later.
  const unsaid = first.account ? undefined : 'default';
  const { bytesLimit: firstBytes = unsaid, filesLimit: firstFiles = unsaid } = first.wish;
  if (contradicts(bytesLimit, firstBytes) || contradicts(filesLimit, firstFiles)) {
    throw new Fault(
      'invalid',
      `shares its home with '${first.name}', which has another line: say the same, or nothing`,
    );
  }
  return {
    ...rest,
    ...(bytesLimit !== undefined && firstBytes === undefined && { bytesLimit }),
    ...(filesLimit !== undefined && firstFiles === undefined && { filesLimit }),
  };
}

function contradicts(own: Limit | undefined, first: Limit | undefined): boolean {
  return own !== undefined && first !== undefined && own !== first;
}

function removal(name: string, accounts: Accounts): Step {
  return {
    account: name,
    action: 'remove',
    changes: [],
    carryOut: async () => {
      await accounts.remove(name, { deleteHome: false });
    },
  };
}
