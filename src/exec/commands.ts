import type { Command } from './command.js';
import { df } from './df.js';
import { echo } from './echo.js';
import { hashSum, type HashSumName } from './hash-sum.js';
import { scp } from './scp.js';

/** Every command that is served, by its name: ONE row for each. */
export const commands = {
  df,
  echo,
  md5sum: hashSum('md5'),
  scp,
  sha1sum: hashSum('sha1'),
  sha224sum: hashSum('sha224'),
  sha256sum: hashSum('sha256'),
  sha384sum: hashSum('sha384'),
  sha512sum: hashSum('sha512'),
} as const satisfies Readonly<Record<HashSumName, Command> & Record<string, Command>>;
