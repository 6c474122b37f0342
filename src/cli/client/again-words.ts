import type { GivenOptions } from './arguments.js';

/** The words that lead to the same place again, for "continue with: plim ..."; a password is not among them. */
export function againWords(options: GivenOptions, place: string): readonly string[] {
  const value = (name: string, given: string | undefined): readonly string[] =>
    given === undefined ? [] : [name, given];
  const values = (name: string, given: readonly string[] = []): readonly string[] =>
    given.flatMap((one) => [name, one]);
  return [
    ...values('-i', options.identity),
    ...value('-J', options.jump),
    ...value('-F', options.sshConfig),
    ...values('-o', options.set),
    ...values('--host-key', options.hostKey),
    ...value('--retries', options.retries),
    ...value('--timeout', options.timeout),
    ...value('-P', options.port),
    ...value('-u', options.user),
    ...(options.server === undefined ? [place] : ['-s', options.server]),
  ];
}
