import { readFileSync } from 'node:fs';
import { connect } from '../../src/client/connect.js';
import type { Link } from '../../src/client/link.js';
import { createLink } from '../../src/client/reconnecting.js';
import { systemTimers } from '../../src/client/timers.js';
import type { ManyOptions, TransferResult, TransferSubject } from '../../src/client/transfer.js';
import { Fault } from '../../src/fault.js';
import { toText } from '../../src/names.js';

/** A link of the client's own to a server of the tests, by password or by key; it waits for nothing before it tries again. */
export function linkTo(
  server: {
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    readonly keyFile?: string;
  },
  retries = 0,
): { readonly link: Link; readonly said: readonly string[] } {
  const said: string[] = [];
  const link = createLink({
    connect: () =>
      connect({
        host: '127.0.0.1',
        port: server.port,
        login: {
          user: server.user,
          agent: null,
          keys: server.keyFile === undefined ? [] : [{ key: readFileSync(server.keyFile), name: 'test' }],
          passphrase: () => Promise.resolve(null),
          password: () => Promise.resolve(server.password ?? null),
          answers: () => Promise.resolve(null),
        },
        checkHostKey: () => Promise.resolve(),
        timeout: 20_000,
      }),
    retries,
    timers: { ...systemTimers, wait: (_, signal) => systemTimers.wait(0, signal) },
    notify: (sentence) => said.push(sentence),
  });
  return { link, said };
}

/** What a watcher was told, as text. */
export interface Told {
  readonly notes: string[];
  readonly totals: (readonly [bytes: number, files: number])[];
  readonly ends: string[];
  /** Files under way at this moment, and at most. */
  readonly underWay: { now: number; most: number };
}

/** Options of a run as a script would have them, and what its watcher is told. */
export function manyOptions(changed: Partial<ManyOptions> = {}): {
  readonly options: ManyOptions;
  readonly told: Told;
} {
  const told: Told = { notes: [], totals: [], ends: [], underWay: { now: 0, most: 0 } };
  const name = ({ direction, remote, local }: TransferSubject): string =>
    toText(direction === 'get' ? remote : local);
  const options: ManyOptions = {
    verify: { algorithm: 'md5', explicit: false },
    decisions: {
      collision: () => Promise.resolve('overwrite'),
      mismatch: () => Promise.resolve('restart'),
    },
    preserve: false,
    inPlace: false,
    checkRoom: true,
    limit: null,
    sync: false,
    recursive: true,
    jobs: 4,
    signal: new AbortController().signal,
    watcher: {
      begin: () => {
        told.underWay.most = Math.max(told.underWay.most, ++told.underWay.now);
      },
      note: (subject, sentence) => told.notes.push(`${name(subject)}: ${sentence}`),
      total: (bytes, files) => told.totals.push([bytes, files]),
      end: (subject, result: TransferResult | Fault) => {
        told.underWay.now--;
        told.ends.push(`${name(subject)}: ${result instanceof Fault ? result.code : result.outcome}`);
      },
    },
    ...changed,
  };
  return { options, told };
}
