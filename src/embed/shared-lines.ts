import { join } from 'node:path';
import { Fault } from '../fault.js';
import type { HomeLines } from '../store/accounts.js';
import type { AccountPlan } from './account-plan.js';
import type { HomeSource } from './home-source.js';

/**
 * A home has one line, whoever shares it: accounts with the same folder or the same `Vfs` cannot be given two.
 * @throws Fault `invalid`, naming two accounts
 */
export function assertOneLine(
  accounts: readonly AccountPlan[],
  { vfs, homes }: { readonly vfs: HomeSource | null; readonly homes: string | null },
): void {
  const given = new Map<unknown, { readonly name: string; readonly lines: HomeLines }>();
  for (const { name, lines, source } of accounts) {
    if (Object.keys(lines).length === 0) continue;
    const own = source ?? vfs;
    if (own?.kind === 'made') continue;
    const home = own ? (own.kind === 'disk' ? own.path : own.vfs) : join(homes ?? '', name);
    const other = given.get(home);
    if (
      other &&
      (other.lines.bytesLimit !== lines.bytesLimit || other.lines.filesLimit !== lines.filesLimit)
    ) {
      throw new Fault(
        'invalid',
        `the accounts '${other.name}' and '${name}' share a home, which has one line: give quota and files to one of them, or the same to both`,
      );
    }
    given.set(home, { name, lines });
  }
}
