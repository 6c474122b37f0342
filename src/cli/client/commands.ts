import type { AnyClientCommand } from './command.js';
import { cp } from './commands/copy.js';
import { cd, mkdir, pwd, rmdir } from './commands/folders.js';
import { get } from './commands/get.js';
import { hash, verify } from './commands/hash.js';
import { codes, help } from './commands/help.js';
import { info } from './commands/info.js';
import { ln, symlink } from './commands/links.js';
import { dir, ls } from './commands/list.js';
import { lcd, ldir, lls, lmkdir, lpwd, shell } from './commands/local.js';
import { mget } from './commands/mget.js';
import { mv, re, rename } from './commands/move.js';
import { mput } from './commands/mput.js';
import { chgrp, chmod, chown } from './commands/permissions.js';
import { progress, quit, version } from './commands/program.js';
import { put } from './commands/put.js';
import { reget } from './commands/reget.js';
import { remove, rm } from './commands/remove.js';
import { reput } from './commands/reput.js';
import { df, du } from './commands/space.js';
import { status, system } from './commands/status.js';

/** All that can be typed at the prompt, in a batch, and behind the host, as `help` lists it. */
export const clientCommands: readonly AnyClientCommand[] = [
  ls,
  dir,
  cd,
  pwd,
  get,
  put,
  mget,
  mput,
  reget,
  reput,
  mkdir,
  rmdir,
  rm,
  remove,
  rename,
  mv,
  re,
  cp,
  chmod,
  chown,
  chgrp,
  ln,
  symlink,
  info,
  status,
  system,
  df,
  du,
  hash,
  verify,
  lcd,
  lpwd,
  lls,
  ldir,
  lmkdir,
  shell,
  progress,
  help,
  codes,
  version,
  quit,
];
