import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { Reader } from '../wire/reader.js';
import { KexInit, supported, type Offer } from './internals.js';

/** What the operator allows, best first. */
export interface Algorithms {
  readonly kex: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  readonly hostKeys: readonly string[];
}

/** ssh2 offers these and does not implement the server's side of them. */
const groupExchange = /group-exchange/;

/**
 * The algorithms of the settings.
 * @throws Fault `invalid` naming the setting, the algorithm and what is allowed
 */
export function algorithmsOf(settings: Settings, hostKeys: readonly string[]): Algorithms {
  const kex = supported.SUPPORTED_KEX.filter((name) => !groupExchange.test(name));
  return {
    kex: known('algorithms.kex', settings['algorithms.kex'], kex),
    ciphers: known('algorithms.ciphers', settings['algorithms.ciphers'], supported.SUPPORTED_CIPHER),
    macs: known('algorithms.macs', settings['algorithms.macs'], supported.SUPPORTED_MAC),
    hostKeys,
  };
}

function known(setting: string, asked: readonly string[], allowed: readonly string[]): readonly string[] {
  for (const name of asked) {
    if (allowed.includes(name)) continue;
    throw new Fault('invalid', `${setting}: '${name}' is not among ${allowed.join(', ')}`);
  }
  return asked;
}

/** The cipher lists of a client's KEXINIT. */
export interface ClientCiphers {
  readonly toServer: readonly string[];
  readonly toClient: readonly string[];
}

/** `null` when the packet is no KEXINIT that can be read; ssh2 refuses such. [RFC 4253 7.1] */
export function clientCiphers(kexInit: Buffer): ClientCiphers | null {
  try {
    // The message number and a cookie of 16 bytes come first.
    const fields = new Reader(kexInit.subarray(17));
    const list = (): readonly string[] => fields.byteString(kexInit.length).split(',');
    list();
    list();
    return { toServer: list(), toClient: list() };
  } catch {
    return null;
  }
}

/**
 * What to offer to a client. The client's order decides [RFC 4253 7.1], and OpenSSH's begins with chacha20; a server
 * that wants AES-GCM therefore leaves out what the client likes better, once it knows that both can do AES-GCM.
 */
export function offerFor(algorithms: Algorithms, client: ClientCiphers | null): Offer {
  const direction = (theirs: readonly string[] | undefined) => ({
    cipher: theirs ? steered(algorithms.ciphers, theirs) : algorithms.ciphers,
    mac: algorithms.macs,
    // Compression before login is a bomb, after it a leak, and ssh2 bounds neither.
    compress: ['none'],
    lang: [],
  });
  return new KexInit({
    // Strict key exchange, against Terrapin (CVE-2023-48795).
    kex: [...algorithms.kex, 'kex-strict-s-v00@openssh.com'],
    serverHostKey: algorithms.hostKeys,
    cs: direction(client?.toServer),
    sc: direction(client?.toClient),
  });
}

function steered(ours: readonly string[], theirs: readonly string[]): readonly string[] {
  const best = ours.find((name) => theirs.includes(name));
  if (best === undefined || !aesIsFast()) return ours;
  const liked = theirs.slice(0, theirs.indexOf(best));
  return ours.filter((name) => !liked.includes(name));
}

let aesInstructions: boolean | undefined;

/** Whether the processor has instructions for AES; without them the client's order is as good as any. */
function aesIsFast(): boolean {
  if (aesInstructions === undefined) {
    try {
      aesInstructions = /\baes\b/.test(readFileSync('/proc/cpuinfo', 'latin1'));
    } catch {
      aesInstructions = true;
    }
  }
  return aesInstructions;
}
