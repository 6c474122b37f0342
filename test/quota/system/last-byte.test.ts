import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFlags } from '../../../src/wire/open-flags.js';
import { missing } from '../../interop/programs.js';
import type { WireClient } from '../../interop/wire-client.js';
import { quotaSentence } from './player.js';
import { Servers } from './servers.js';
import { usage } from './session.js';
import { Lookout } from './storm.js';

const piece = 32_000;
const pieces = 30;
const uploads = 16;
/** Room for exactly ten and a half of the files, by the byte. */
const line = { bytes: 10.5 * piece * pieces, files: 100 };

const { write, create, truncate, append } = openFlags;

/** How clients upload: as many WRITEs on the way as fit their window, none any more after a refusal. */
async function upload(client: WireClient, path: string): Promise<readonly string[]> {
  const handle = await client.open(path, write | create | truncate);
  const refusals: string[] = [];
  const offsets = Array.from({ length: pieces }, (_, index) => index * piece);
  await client.queue(16, offsets, async (offset) => {
    if (refusals.length > 0) return;
    const status = await client.got('status', client.sendWrite(handle, offset, Buffer.alloc(piece, 'u')));
    if (status.code !== 0) refusals.push(status.message);
  });
  await client.close(handle);
  return refusals;
}

/** Appends so many bytes at a time until that is refused; gives the sentence. */
async function fillUp(client: WireClient, path: string, bytes: number): Promise<string> {
  const handle = await client.open(path, write | append);
  for (;;) {
    const status = await client.got('status', client.sendWrite(handle, 0, Buffer.alloc(bytes, 'f')));
    if (status.code === 0) continue;
    await client.close(handle);
    return status.message;
  }
}

describe.skipIf(missing('ssh-keygen'))(
  '16 uploads into a home with room for 10.5 of them, two processes [L1, L2]',
  () => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await Servers.start(2, { alice: line });
    });
    afterAll(() => servers.stop());

    it('the disk holds at most the line, everybody is told, and the last byte can be used', async () => {
      const clients = await Promise.all(
        Array.from({ length: uploads }, (_, index) => servers.connect('alice', index % 2)),
      );
      const lookout = new Lookout(servers, { alice: line });
      const refusals = await Promise.all(clients.map((client, index) => upload(client, `file-${index}`)));
      expect(await lookout.end(), 'seen above the line').toEqual([]);

      const told = refusals.flat();
      expect(told.length).toBeGreaterThan(0);
      for (const sentence of told) expect(sentence).toMatch(quotaSentence);
      const disk = servers.disk('alice');
      expect(disk.files).toBe(uploads);
      // Who was refused did not fit: no piece would find room now.
      expect(disk.bytes).toBeGreaterThan(line.bytes - piece);
      for (const client of clients.slice(0, 2)) expect(await usage(client)).toEqual(disk);

      // Both processes take what is left, to the last byte.
      const both = clients.slice(0, 2).map((client, index) => ({ client, path: `file-${index}` }));
      for (const bytes of [1000, 1]) {
        const sentences = await Promise.all(both.map(({ client, path }) => fillUp(client, path, bytes)));
        for (const sentence of sentences) expect(sentence).toMatch(quotaSentence);
      }
      expect(servers.disk('alice')).toEqual({ bytes: line.bytes, files: uploads });
      for (const { client } of both) expect(await usage(client)).toEqual(servers.disk('alice'));
      for (const client of clients) client.end();
    });
  },
);
