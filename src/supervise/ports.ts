import { createServer, type Server } from 'node:net';
import { formatAddress, parseAddress, type Address } from '../config/address.js';
import { listenFault } from '../ssh/acceptor.js';

/**
 * The addresses with a port picked where they leave it to the system (port 0): all workers must name the same one, also
 * a worker that is started later, or that listens again after it had to pause.
 * @throws Fault, with a sentence that says what is in the way
 */
export async function withPorts(addresses: readonly string[]): Promise<readonly string[]> {
  const held: Server[] = [];
  try {
    const picked: string[] = [];
    for (const text of addresses) {
      const address = parseAddress(text);
      if (address?.port !== 0) {
        picked.push(text);
        continue;
      }
      // All are held until the last is picked: no two are the same.
      const server = createServer();
      held.push(server);
      picked.push(formatAddress({ host: address.host, port: await listen(server, address) }));
    }
    return picked;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listen(server: Server, address: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFault(error, address)));
    server.listen(0, address.host, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : 0);
    });
  });
}
