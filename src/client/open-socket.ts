import { Socket } from 'node:net';
import { Fault } from '../fault.js';
import { printable } from '../observe/printable.js';
import { shownAddress, type Address } from './address.js';

/** Milliseconds for each of a name's addresses; Node's own quarter of a second is less than some ways take. */
const forEachAddress = 3_000;

/**
 * A TCP connection; every address of the name is tried.
 * @param timeout milliseconds in all
 * @throws Fault `no-connection`, `timed-out`, `cancelled`, `invalid`
 */
export async function openSocket(
  address: Address,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  const { host, port } = address;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Fault('invalid', `${port} is no port: ports are 1 to 65535`);
  }
  if (signal?.aborted) throw new Fault('cancelled');
  const socket = new Socket();
  // Small requests must not wait for the answers to earlier ones.
  socket.setNoDelay(true);
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(new Fault('cancelled'));
      signal?.addEventListener('abort', onAbort);
      timer = setTimeout(() => reject(noAnswer(address)), timeout);
      socket.once('connect', resolve).once('error', (error) => reject(refusal(error, address)));
      socket.connect({
        host,
        port,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: Math.min(forEachAddress, Math.max(10, Math.ceil(timeout / 2))),
      });
    });
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
  socket.removeAllListeners('error');
  // Whoever uses it listens too; between the two an error must not end the process.
  socket.on('error', () => undefined);
  return socket;
}

const reasons: Readonly<Record<string, (at: string, address: Address) => string>> = {
  ENOTFOUND: (_at, { host }) => `there is no host named ${printable(host)}: check the name`,
  EAI_AGAIN: (_at, { host }) => `the name ${printable(host)} cannot be looked up now: check the network`,
  ECONNREFUSED: (at, { port }) => `${at} refuses connections: nothing listens on port ${port} there`,
  ECONNRESET: (at) => `${at} reset the connection`,
  EHOSTUNREACH: (at) => `there is no way to ${at}: the host is unreachable`,
  ENETUNREACH: (at) => `there is no way to ${at}: the network is unreachable`,
  EADDRNOTAVAIL: (at) => `${at} is no address that can be connected to from here`,
};

/** Why a connection could not be made, with what to do. */
function refusal(error: NodeJS.ErrnoException, address: Address): Fault {
  const at = shownAddress(address);
  const codes = 'errors' in error ? (error.errors as NodeJS.ErrnoException[]).map(({ code }) => code) : [];
  const code =
    [...codes, error.code].find((each) => each !== undefined && each in reasons) ?? error.code ?? '';
  if (code === 'ETIMEDOUT') return noAnswer(address);
  const sentence = reasons[code]?.(at, address) ?? `no connection to ${at}: ${error.message || code}`;
  return new Fault('no-connection', sentence, { cause: error });
}

function noAnswer(address: Address): Fault {
  return new Fault('timed-out', `${shownAddress(address)} does not answer: check host and port`);
}
