import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { ByteString } from '../../src/names.js';
import type { AccountStatus } from '../../src/wire/account-status.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { must, type TestServer } from '../interop/server.js';
import { accountStatus, WireClient } from '../interop/wire-client.js';
import type { Asked } from '../sftp/session-pair.js';
import { diskUsage, type Used } from './system/disk-usage.js';

/** The line of every home that `next` gives. */
export const line = { bytes: 1_000_000, files: 100 } as const;

/** What a refusal at the line says. */
export const overLine = /^quota exceeded: \S+ \S+ of \S+ \S+ used, \S+ \S+ more needed$/;

/** What it says where there are too many files. */
export const overFiles = /^quota exceeded: \d+ of \d+ files used, \d+ more needed$/;

/** What `scp -t` answers where there is no room for the announced size. */
export function overSize(name: string): RegExp {
  return new RegExp(
    `\\x01scp: ${name}: quota exceeded: \\S+ \\S+ of \\S+ \\S+ used, \\S+ \\S+ more needed\\n`,
  );
}

export interface LinedAccount {
  readonly quota?: number | string;
  readonly files?: number | string;
  readonly home?: string;
  readonly role?: 'user' | 'admin';
}

/** Accounts that log in with the test's key, all made at once. */
export async function addAccounts(
  server: TestServer,
  accounts: Readonly<Record<string, LinedAccount>>,
): Promise<void> {
  const keys = [readFileSync(`${server.keyFile}.pub`, 'utf8')];
  const wanted = Object.entries(accounts).map(([name, account]) => ({ name, keys, ...account }));
  await must(server.plimsoll(['apply', '-'], JSON.stringify({ accounts: wanted })));
}

const block = 250_000;

/** Somebody who loads a home, packet by packet, and asks the server what it holds. */
export class Loader {
  readonly wire: WireClient;
  readonly #folder: string;

  constructor(wire: WireClient, folder: string) {
    this.wire = wire;
    this.#folder = folder;
  }

  create(path: ByteString, more = 0): Promise<ByteString> {
    return this.wire.open(path, openFlags.write | openFlags.create | more);
  }

  /** A whole file of so many bytes. */
  async put(path: ByteString, size: number): Promise<void> {
    const handle = await this.create(path, openFlags.truncate);
    await this.fill(handle, 0, size);
    await this.wire.close(handle);
  }

  async fill(handle: ByteString, from: number, to: number): Promise<void> {
    for (let offset = from; offset < to; offset += block) {
      await this.wire.write(handle, offset, Buffer.alloc(Math.min(block, to - offset), 'x'));
    }
  }

  remove(path: ByteString): Promise<void> {
    return this.wire.must({ kind: 'remove', path });
  }

  rename(from: ByteString, to: ByteString): Promise<void> {
    return this.wire.must({ kind: 'posix-rename@openssh.com', from, to });
  }

  link(existing: ByteString, name: ByteString): Promise<void> {
    return this.wire.must({ kind: 'hardlink@openssh.com', existing, name });
  }

  /** The sentence of what has to fail. */
  async refusal(request: Asked): Promise<string> {
    const { code, message } = await this.wire.get('status', request);
    expect(code, message).toBe(4);
    return message;
  }

  /** The sentence of a WRITE that has to fail. */
  writeRefusal(handle: ByteString, offset: number, length: number): Promise<string> {
    return this.refusal(writeOf(handle, offset, length));
  }

  status(): Promise<AccountStatus> {
    return accountStatus(this.wire);
  }

  /** What the ledger says. */
  async used(): Promise<Used> {
    const { home } = await this.status();
    return { bytes: home.bytes.used, files: home.files.used };
  }

  /** What ledger and disk say, which has to be the same. */
  async balanced(): Promise<Used> {
    const ledger = await this.used();
    expect(ledger, 'ledger, and disk').toEqual(diskUsage(this.#folder));
    return ledger;
  }
}

export function writeOf(handle: ByteString, offset: number, length: number): Asked {
  return { kind: 'write', handle, offset, data: [Buffer.alloc(length, 'x')], length };
}

export interface LinedHome {
  readonly account: string;
  readonly folder: string;
  connect(): Promise<Loader>;
}

/** Homes on one server, each used by one test. */
export class LinedHomes {
  readonly server: TestServer;
  readonly #clients = new Set<WireClient>();
  #given = 0;

  constructor(server: TestServer) {
    this.server = server;
  }

  /** Makes so many homes that nobody has used, with `line`, and other accounts as they are told. */
  static async on(
    server: TestServer,
    count: number,
    others: Readonly<Record<string, LinedAccount>> = {},
  ): Promise<LinedHomes> {
    const accounts: Record<string, LinedAccount> = { ...others };
    for (let index = 1; index <= count; index++)
      accounts[`home-${index}`] = { quota: line.bytes, files: line.files };
    await addAccounts(server, accounts);
    return new LinedHomes(server);
  }

  next(): LinedHome {
    return this.of(`home-${++this.#given}`);
  }

  /** The account's home; `folder` where it is not of its name. */
  of(account: string, folder = this.server.home(account)): LinedHome {
    return {
      account,
      folder,
      connect: async () => {
        const wire = await WireClient.connect(this.server, { account });
        this.#clients.add(wire);
        return new Loader(wire, folder);
      },
    };
  }

  /** Ends every session of the test that is over. */
  leave(): void {
    for (const wire of this.#clients) wire.end();
    this.#clients.clear();
  }
}
