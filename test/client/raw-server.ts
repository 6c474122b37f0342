import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Server, type ClientChannel, type ServerChannel } from 'ssh2';
import { inject } from 'vitest';
import { encodeReply, decodeRequest, type Request, type Reply } from '../../src/wire/codec.js';
import { Frames } from '../../src/wire/frame.js';

/** Answers one request: with a reply, with bytes of any kind, or not at all. */
export type Answering = (request: Request, raw: RawSession) => Reply | Buffer | null;

/** One `sftp` subsystem at the lying server. */
export interface RawSession {
  readonly channel: ServerChannel;
  send(bytes: Buffer): void;
}

export interface RawServer {
  readonly port: number;
  /** A connection to it with its raw channel, as a client opens it. */
  open(): Promise<{ readonly client: Client; readonly channel: ClientChannel }>;
  stop(): void;
}

export interface RawOptions {
  readonly answer: Answering;
  /** What EXEC is answered with; refused where there is none. */
  readonly exec?: (command: string, channel: ServerChannel) => void;
}

/** A server that lets anybody in and answers SFTP requests as the test likes: with lies, mostly. */
export async function startRawServer({ answer, exec }: RawOptions): Promise<RawServer> {
  const clients = new Set<Client>();
  const server = new Server(
    { hostKeys: [readFileSync(join(inject('hostKeys'), 'ssh_host_ed25519_key'))] },
    (connection) => {
      connection.on('authentication', (context) => context.accept());
      connection.on('error', () => undefined);
      connection.on('session', (accept) => {
        const session = accept();
        session.on('exec', (acceptExec, reject, { command }) => {
          if (exec) exec(command, acceptExec());
          else reject();
        });
        // Without a listener for `sftp` the channel stays raw.
        session.on('subsystem', (acceptSubsystem) => serve(acceptSubsystem(), answer));
      });
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    open: async () => {
      const client = new Client();
      clients.add(client);
      client.on('error', () => undefined);
      client.connect({ host: '127.0.0.1', port, username: 'alice', password: 'any' });
      await once(client, 'ready');
      client.setNoDelay();
      const channel = await new Promise<ClientChannel>((resolve, reject) => {
        client.subsys('sftp', (error, opened) => (error ? reject(error) : resolve(opened)));
      });
      return { client, channel };
    },
    stop: () => {
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}

function serve(channel: ServerChannel, answer: Answering): void {
  const frames = new Frames();
  const raw: RawSession = { channel, send: (bytes) => channel.write(bytes) };
  channel.on('error', () => undefined);
  channel.on('data', (chunk: Buffer) => {
    frames.push(Buffer.from(chunk));
    for (let frame = frames.next(); frame; frame = frames.next()) {
      const given = answer(decodeRequest(frame), raw);
      if (given) channel.write(Buffer.isBuffer(given) ? given : encodeReply(given));
    }
  });
}

/** VERSION 3 with those extensions. */
export function versionReply(extensions: readonly (readonly [string, string])[] = []): Reply {
  return { kind: 'version', version: 3, extensions };
}

/** The answer to REALPATH of where a session starts, which clients ask at once. */
export function startsAt(id: number, path: string): Reply {
  return { kind: 'name', id, entries: [{ name: path, longname: path, attrs: {} }] };
}
