import type { AnyCommand } from '../command.js';
import type { Program } from '../program.js';
import { apply } from './apply.js';
import { configCheck, configGet, configSet, configShow, configUnset } from './config.js';
import { hostkeyShow } from './hostkey.js';
import { quotaScan, quotaSet, quotaShow } from './quota.js';
import { serveCommand, type StartApp } from './serve.js';
import { status } from './status.js';
import { userKeyAdd, userKeyList, userKeyRemove } from './user-key.js';
import {
  userAdd,
  userList,
  userLock,
  userPasswd,
  userRemove,
  userRename,
  userSet,
  userShow,
  userUnlock,
} from './user.js';

/** The program `plimsoll`. */
export function serverProgram(version: string, loadApp: () => Promise<StartApp>): Program {
  return {
    name: 'plimsoll',
    summary: 'An SFTP server where every user has a home they cannot leave, and a load line.',
    version,
    groups: {
      user: 'accounts',
      'user key': 'the keys an account logs in with',
      quota: 'the lines of homes, and what they use',
      hostkey: 'the keys of this server',
      config: 'the settings',
    },
    commands: [
      serveCommand(loadApp),
      userAdd,
      userSet,
      userPasswd,
      userRemove,
      userList,
      userShow,
      userLock,
      userUnlock,
      userRename,
      userKeyAdd,
      userKeyList,
      userKeyRemove,
      quotaShow,
      quotaSet,
      quotaScan,
      apply,
      hostkeyShow,
      configShow,
      configCheck,
      configGet,
      configSet,
      configUnset,
      status,
    ] satisfies readonly AnyCommand[],
  };
}
