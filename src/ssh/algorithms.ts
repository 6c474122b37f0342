import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { Reader } from '../wire/reader.js';
import { authenticates, KexInit, supported, type DirectionLists, type Offer } from './internals.js';

/** What the operator allows, best first. */
export interface Algorithms {
  readonly kex: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  /** Shown only to a client that has nothing better. */
  readonly fallbackMacs: readonly string[];
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
  const macs = supported.SUPPORTED_MAC;
  return {
    kex: known('algorithms.kex', settings['algorithms.kex'], kex),
    ciphers: known('algorithms.ciphers', settings['algorithms.ciphers'], supported.SUPPORTED_CIPHER),
    macs: known('algorithms.macs', settings['algorithms.macs'], macs),
    fallbackMacs: known('algorithms.fallbackMacs', settings['algorithms.fallbackMacs'], macs),
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

/** What a client's KEXINIT lists for one direction, the client's best first. */
export interface ClientDirection {
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
}

export interface ClientAlgorithms {
  readonly toServer: ClientDirection;
  readonly toClient: ClientDirection;
}

/** `null` when the packet is no KEXINIT that can be read; ssh2 refuses such. [RFC 4253 7.1] */
export function clientAlgorithms(kexInit: Buffer): ClientAlgorithms | null {
  try {
    // The message number and a cookie of 16 bytes come first.
    const fields = new Reader(kexInit.subarray(17));
    const list = (): readonly string[] => fields.byteString(kexInit.length).split(',');
    list();
    list();
    const ciphers = { toServer: list(), toClient: list() };
    const macs = { toServer: list(), toClient: list() };
    return {
      toServer: { ciphers: ciphers.toServer, macs: macs.toServer },
      toClient: { ciphers: ciphers.toClient, macs: macs.toClient },
    };
  } catch {
    return null;
  }
}

/** What to offer to a client, of which `null` says that nothing is known. */
export function offerFor(algorithms: Algorithms, client: ClientAlgorithms | null): Offer {
  return new KexInit({
    // Strict key exchange, against Terrapin (CVE-2023-48795).
    kex: [...algorithms.kex, 'kex-strict-s-v00@openssh.com'],
    serverHostKey: algorithms.hostKeys,
    cs: offeredLists(algorithms, client?.toServer),
    sc: offeredLists(algorithms, client?.toClient),
  });
}

function offeredLists(algorithms: Algorithms, theirs: ClientDirection | undefined): DirectionLists {
  const { ciphers, macs } = theirs ? directionFor(algorithms, theirs) : algorithms;
  // Compression before login is a bomb, after it a leak, and ssh2 bounds neither.
  return { cipher: ciphers, mac: macs, compress: ['none'], lang: [] };
}

/**
 * One direction's offer. The client's order decides between what both have [RFC 4253 7.1]. A client without a MAC of
 * ours is led to a cipher that needs none; one that has no such cipher either could not connect at all, and only to it
 * the fallback is shown (docs/decisions/mac-fallback.md).
 */
export function directionFor(
  ours: Omit<Algorithms, 'kex' | 'hostKeys'>,
  theirs: ClientDirection,
): ClientDirection {
  const { ciphers, macs, fallbackMacs } = ours;
  if (shares(macs, theirs.macs)) return { ciphers: steered(ciphers, theirs.ciphers), macs };
  const withoutMac = ciphers.filter(authenticates);
  if (shares(withoutMac, theirs.ciphers)) return { ciphers: steered(withoutMac, theirs.ciphers), macs };
  return { ciphers: steered(ciphers, theirs.ciphers), macs: [...new Set([...macs, ...fallbackMacs])] };
}

function shares(ours: readonly string[], theirs: readonly string[]): boolean {
  return ours.some((name) => theirs.includes(name));
}

/**
 * Our ciphers less those that the client likes better than our best. OpenSSH's list begins with chacha20; a server that
 * wants AES-GCM therefore leaves that out, once it knows that both can do AES-GCM.
 */
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
