import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { Fault } from '../fault.js';
import { shortName } from '../socket-name.js';

const answerMilliseconds = 2000;
const longestAnswer = 16 * 2 ** 20;

export interface StatusSocket {
  /** After a clean end only: the socket of a process that ends otherwise stays, and `clearDead` finds it. */
  close(): Promise<void>;
}

/** What the processes of a root say of themselves. */
export interface Answers {
  readonly documents: readonly unknown[];
  /** Those that take the connection and say nothing. */
  readonly silent: number;
}

/**
 * Answers each connection with one JSON document, on a socket of this process's own in `folder`, which is made where it
 * is missing. The socket gets its name once it listens: one that is there and refuses is dead, and never a newborn.
 */
export async function serveStatus(folder: string, answer: () => unknown): Promise<StatusSocket> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${process.pid}-${randomBytes(4).toString('hex')}.sock`);
  const server = createServer((socket) => tell(socket, answer()));
  server.maxConnections = 16;
  const short = shortName(`${path}.new`);
  try {
    await listen(server, short.name);
    chmodSync(short.name, 0o600);
    renameSync(`${path}.new`, path);
  } catch (thrown) {
    server.close();
    short.close();
    throw thrown;
  }
  return {
    close: async () => {
      // First: between the two, the other order would leave what looks like an unclean end.
      rmSync(path, { force: true });
      await new Promise((resolve) => server.close(resolve));
      short.close();
    },
  };
}

/**
 * Asks every process that has a socket in `folder`; the dead do not count.
 * @throws Fault `denied` when they are somebody else's
 */
export async function askStatus(folder: string): Promise<Answers> {
  const texts = await Promise.all(socketsIn(folder).map((path) => ask(path)));
  const documents: unknown[] = [];
  let silent = 0;
  for (const text of texts) {
    if (text === 'dead') continue;
    try {
      documents.push(JSON.parse(text));
    } catch {
      silent++;
    }
  }
  return { documents, silent };
}

/**
 * Removes the sockets of processes that came to no clean end. Dead is whose socket refuses connections; a pid says
 * nothing, it may be somebody else's by now.
 * @param pid only those of this process
 * @returns how many there were; what two processes find at once, one of them counts
 */
export async function clearDead(folder: string, pid?: number): Promise<number> {
  const paths = socketsIn(folder).filter((path) => pid === undefined || basename(path).startsWith(`${pid}-`));
  const dead = await Promise.all(paths.map(isDead));
  return paths.filter((path, index) => dead[index] === true && removed(path)).length;
}

function socketsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.sock'))
      .map((name) => join(folder, name));
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'EACCES') throw notYours(thrown);
    throw thrown;
  }
}

function removed(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What a socket says, nothing when its process is stuck or ends; `dead` when there is no process behind it. */
async function ask(path: string): Promise<string> {
  try {
    const short = shortName(path);
    return await readAll(short.name).finally(() => short.close());
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'dead';
    if (code === 'EACCES' || code === 'EPERM') throw notYours(thrown);
    return '';
  }
}

/** Connecting is enough: the kernel knows whether anybody listens, however stuck that is. */
async function isDead(path: string): Promise<boolean> {
  const short = shortName(path);
  const socket = connect(short.name);
  try {
    await once(socket, 'connect');
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
    short.close();
  }
}

function notYours(cause: unknown): Fault {
  return new Fault('denied', 'only the user that runs the server may ask for its status', { cause });
}

function readAll(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(name);
    const parts: Buffer[] = [];
    let length = 0;
    socket.setTimeout(answerMilliseconds, () => socket.destroy(new Fault('busy')));
    socket.on('data', (part) => {
      parts.push(part);
      length += part.length;
      if (length > longestAnswer) socket.destroy(new Fault('failure'));
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
  });
}

function tell(socket: Socket, document: unknown): void {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(answerMilliseconds, () => socket.destroy());
  socket.resume();
  socket.end(`${JSON.stringify(document)}\n`);
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: a worker of a cluster would have it bound by its primary, which has other descriptors.
    server.listen({ path: name, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
