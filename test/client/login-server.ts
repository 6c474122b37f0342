import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ServerConfig } from 'ssh2';

/** A small server for logins of every kind, with ssh2's own SFTP behind them. */
export interface LoginServer {
  readonly port: number;
  /** Methods that were tried, in order. */
  readonly tried: string[];
  readonly connections: readonly Connection[];
  stop(): Promise<void>;
}

export interface LoginServerOptions {
  /** Called for each attempt. @param index counts the attempts of one connection from 0 */
  readonly authenticate: (attempt: AuthContext, index: number) => void;
  readonly config?: Partial<ServerConfig>;
  readonly connected?: (connection: Connection) => void;
  /** Instead of granting one SFTP session after another. */
  readonly session?: (connection: Connection) => void;
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const hostKey = privateKey.export({ type: 'pkcs1', format: 'pem' });

export async function startLoginServer({
  authenticate,
  config,
  connected,
  session,
}: LoginServerOptions): Promise<LoginServer> {
  const tried: string[] = [];
  const connections: Connection[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey], ...config }, (connection) => {
    connections.push(connection);
    connection.on('error', () => undefined);
    let index = 0;
    connection.on('authentication', (attempt) => {
      tried.push(attempt.method);
      authenticate(attempt, index++);
    });
    connected?.(connection);
    if (session) session(connection);
    else grantSessions(connection);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    tried,
    connections,
    stop: async () => {
      for (const connection of connections) socketOf(connection).destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** What a connection runs over. */
export function socketOf(connection: Connection): Socket {
  return (connection as unknown as { readonly _sock: Socket })._sock;
}

export function grantSessions(connection: Connection): void {
  connection.on('session', (accept) => {
    accept().on('sftp', (grant) => {
      const sftp = grant();
      sftp.on('error', () => undefined);
      sftp.on('REALPATH', (id) => sftp.name(id, [{ filename: '/here', longname: '/here', attrs: noAttrs }]));
    });
  });
}

const noAttrs = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };
