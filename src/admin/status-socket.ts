import { chmodSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { Fault } from '../fault.js';

const answerMilliseconds = 2000;
const longestAnswer = 16 * 2 ** 20;

/**
 * A name of the socket that fits the kernel's 107 bytes, however long the path: through a descriptor of its folder,
 * good until that is closed. libuv cuts a longer path silently, and would bind some other name.
 */
function shortName(path: string): { readonly name: string; close(): void } {
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return { name: `/proc/self/fd/${folder}/${basename(path)}`, close: () => closeSync(folder) };
}

export interface StatusSocket {
  close(): Promise<void>;
}

/**
 * Answers each connection with one JSON document. What a dead server left behind is replaced: dead is whose socket
 * refuses connections; a pid says nothing, it may be somebody else's by now.
 * @throws Fault `exists` when a server runs on this root already
 */
export async function serveStatus(path: string, answer: () => unknown): Promise<StatusSocket> {
  const server = createServer((socket) => tell(socket, answer()));
  server.maxConnections = 16;
  const short = shortName(path);
  try {
    if (!(await listens(server, short.name))) {
      if ((await askStatus(path)) !== null) throw new Fault('exists', 'a server runs on this root already');
      rmSync(short.name, { force: true });
      if (!(await listens(server, short.name)))
        throw new Fault('exists', 'another server starts on this root now');
    }
    chmodSync(short.name, 0o600);
  } catch (thrown) {
    server.close();
    short.close();
    throw thrown;
  }
  return {
    close: async () => {
      // Closing removes the socket by its name, which has to be good until then.
      await new Promise((resolve) => server.close(resolve));
      short.close();
    },
  };
}

/**
 * What the server that runs on this root says; `null` when none does.
 * @throws Fault `busy` when it takes the connection and says nothing, `denied` when it is somebody else's
 */
export async function askStatus(path: string): Promise<unknown> {
  let text: string;
  try {
    const short = shortName(path);
    text = await readAll(short.name).finally(() => short.close());
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ENOTSOCK') return null;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new Fault('denied', 'only the user that runs the server may ask for its status', {
        cause: thrown,
      });
    }
    throw thrown;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Fault('busy', 'the server ended while it was asked', { cause });
  }
}

function readAll(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(name);
    const parts: Buffer[] = [];
    let length = 0;
    socket.setTimeout(answerMilliseconds, () =>
      socket.destroy(new Fault('busy', 'a server runs on this root, but it does not answer')),
    );
    socket.on('data', (part) => {
      parts.push(part);
      length += part.length;
      if (length > longestAnswer) socket.destroy(new Fault('failure', 'the answer is too long'));
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

/** `false` when the name is taken. */
function listens(server: Server, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(name, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}
