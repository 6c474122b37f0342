import { Fault } from '../fault.js';

/** The refusals that every implementation of `AccountStore` words alike. */
export const accountFaults = {
  noAccount: () => new Fault('not-found', 'no such account'),
  nameTaken: (name: string) => new Fault('exists', `there is an account '${name}' already`),
  noKey: () => new Fault('not-found', 'the account has no such key'),
  keyTaken: (fingerprint: string) => new Fault('exists', `the account has the key ${fingerprint} already`),
  noHome: () => new Fault('not-found', 'no such home'),
} as const;
