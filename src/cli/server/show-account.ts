import type { AccountView } from '../../admin/account-view.js';
import { formatSize } from '../../size.js';

/** An account for people, a line for each thing. */
export function accountLines(account: AccountView): readonly string[] {
  const rows: readonly (readonly [string, string])[] = [
    ['account', account.name],
    ['role', account.role],
    ['state', account.state],
    ['home', account.home],
    ['line', showUse(account)],
    ['files', showFiles(account)],
    ['may', account.readOnly ? 'only read' : 'read and write'],
    ['expires', account.expires ?? 'never'],
    ...account.keys.map((key) => ['key', keyLine(key)] as const),
  ];
  return rows.map(([name, value]) => `${name.padEnd(8)} ${value}`);
}

export function keyLine(key: AccountView['keys'][number]): string {
  return `${key.fingerprint} ${key.type}${key.comment === '' ? '' : ` ${key.comment}`}`;
}

export function showUse({ usage, quota }: AccountView): string {
  const limit = quota.bytes === null ? 'no limit' : formatSize(quota.bytes);
  return `${usage ? formatSize(usage.bytes) : 'unknown'} of ${limit} used`;
}

function showFiles({ usage, quota }: AccountView): string {
  const files = usage ? String(usage.files) : 'unknown';
  return quota.files === null ? files : `${files} of ${quota.files}`;
}
