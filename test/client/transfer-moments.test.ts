import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import type { Link } from '../../src/client/link.js';
import { putFile } from '../../src/client/put-file.js';
import { fromText } from '../../src/names.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { scale } from '../scale.js';
import { linkTo, md5, rig, keyedAccounts } from './transfer-rig.js';

/** Bytes on the wire of a small transfer's requests and their answers. */
const shortest = 1;
const longest = 2_500;

let work: string;
let server: TestServer;
const data = randomBytes(500);

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-moments-'));
  server = await startTestServer({ accounts: keyedAccounts, files: { '/data': data } });
  writeFileSync(join(work, 'data'), data);
});
afterAll(async () => {
  await server.close();
  rmSync(work, { recursive: true });
});

/** A connection that ends at this byte, at the next of it, and so on: between any two requests, and in each. */
describe.each(['new', 'replaced'] as const)('a small file, %s', (kind) => {
  it('arrives, whole and alone, whenever the connection breaks', async () => {
    const step = (longest - shortest) / scale('transferMoments');
    let broken = 0;
    for (let cut = shortest, number = 0; cut < longest; cut += step, number++) {
      const name = `${kind}${number}`;
      const item = { remote: name, local: fromText(join(work, 'data')) };
      const back = { remote: 'data', local: fromText(join(work, name)) };
      if (kind === 'replaced') {
        await server.write(`/${name}`, 'old');
        writeFileSync(join(work, name), 'old');
      }
      for (const move of [
        (link: Link) => putFile(link, item, rig({ collision: 'overwrite', preserve: true }).options),
        (link: Link) => getFile(link, back, rig({ collision: 'overwrite', preserve: true }).options),
      ]) {
        const link = linkTo(server, { retries: 3 });
        await link.remote();
        server.faults.cutAfter(Math.round(cut));
        let attempts = 0;
        const counted: Link = {
          remote: () => link.remote(),
          use: (run, signal) => link.use((remote, attempt) => (attempts++, run(remote, attempt)), signal),
          end: () => link.end(),
        };
        expect(['transferred', 'already-there']).toContain((await move(counted)).outcome);
        broken += attempts > 1 ? 1 : 0;
        server.faults.clear();
        await link.end();
      }
      expect(md5(await server.read(`/${name}`)), `cut after ${cut}`).toBe(md5(data));
      expect(md5(readFileSync(join(work, name))), `cut after ${cut}`).toBe(md5(data));
      expect(await server.list('/')).not.toContain(`${name}.filepart`);
      expect(existsSync(join(work, `${name}.part`))).toBe(false);
    }
    expect(broken).toBeGreaterThan(scale('transferMoments') / 2);
  });
});
