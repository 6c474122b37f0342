import type { FaultCode } from '../fault.js';

/** What a program of ours ends with; scripts rely on these numbers. */
export const exits = {
  done: 0,
  failed: 1,
  usage: 2,
  'login refused': 3,
  'not found': 4,
  denied: 5,
  quota: 6,
  'verification failed': 7,
  'no connection': 8,
  exists: 9,
  'some failed': 10,
  'timed out': 11,
  interrupted: 130,
} as const;

export type Exit = (typeof exits)[keyof typeof exits];

const meanings: Readonly<Record<keyof typeof exits, string>> = {
  done: 'done',
  failed: 'failed',
  usage: 'wrong usage or value',
  'login refused': 'login refused',
  'not found': 'not found',
  denied: 'denied',
  quota: 'over the load line, or no space',
  'verification failed': 'verification failed',
  'no connection': 'no connection, or wrong host key',
  exists: 'exists already, and nothing was touched',
  'some failed': 'some of several failed',
  'timed out': 'timed out',
  interrupted: 'interrupted',
};

const byFault: Readonly<Record<FaultCode, Exit>> = {
  'not-found': exits['not found'],
  denied: exits.denied,
  'read-only': exits.denied,
  exists: exits.exists,
  'not-a-folder': exits.failed,
  'is-a-folder': exits.failed,
  'not-a-file': exits.failed,
  'not-empty': exits.failed,
  loop: exits.failed,
  'bad-name': exits.usage,
  'name-too-long': exits.usage,
  'different-home': exits.failed,
  quota: exits.quota,
  'no-space': exits.quota,
  'too-many': exits.failed,
  busy: exits.failed,
  'end-of-file': exits.failed,
  'bad-handle': exits.failed,
  'bad-message': exits.failed,
  unsupported: exits.failed,
  invalid: exits.usage,
  cancelled: exits.interrupted,
  'login-refused': exits['login refused'],
  'no-connection': exits['no connection'],
  'wrong-host-key': exits['no connection'],
  'timed-out': exits['timed out'],
  'verification-failed': exits['verification failed'],
  'some-failed': exits['some failed'],
  failure: exits.failed,
};

export function exitOf(code: FaultCode): Exit {
  return byFault[code];
}

/** What an exit code says, in words. */
export function exitMeaning(exit: Exit): string {
  const name = (Object.keys(exits) as (keyof typeof exits)[]).find((one) => exits[one] === exit);
  return meanings[name ?? 'failed'];
}

/** The table as `--help` shows it. */
export function exitHelp(): string {
  const rows = (Object.keys(exits) as (keyof typeof exits)[]).map(
    (name) => `  ${String(exits[name]).padEnd(4)} ${meanings[name]}`,
  );
  return `\nExit codes:\n${rows.join('\n')}`;
}
