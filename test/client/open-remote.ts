import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Client, type ClientChannel } from 'ssh2';
import { openRemote } from '../../src/client/remote-files.js';
import type { Remote } from '../../src/client/remote.js';

export interface OpenedRemote {
  readonly remote: Remote;
  readonly client: Client;
  end(): void;
}

/** A session of the client's own over a bare connection: no host key is looked at. */
export async function remoteAt(server: {
  readonly port: number;
  readonly keyFile: string;
  readonly user: string;
}): Promise<OpenedRemote> {
  const client = new Client();
  client.on('error', () => undefined);
  client.connect({
    host: '127.0.0.1',
    port: server.port,
    username: server.user,
    privateKey: readFileSync(server.keyFile),
    ident: 'plim_test',
  });
  await once(client, 'ready');
  client.setNoDelay();
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.subsys('sftp', (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const abandon = (): void => void client.destroy();
  const remote = await openRemote({ channel, client, ident: 'SSH-2.0-x', timeout: 20_000, abandon });
  return { remote, client, end: abandon };
}
