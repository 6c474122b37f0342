import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import type { Link } from '../../src/client/link.js';
import { putFile } from '../../src/client/put-file.js';
import type { Remote } from '../../src/client/remote.js';
import { StoppedTransfer } from '../../src/client/stopped-transfer.js';
import { fromText } from '../../src/names.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { faultOf, linkTo, md5, rig, withHash, keyedAccounts } from './transfer-rig.js';

const data = randomBytes(600_000);

let work: string;
let server: TestServer;
let link: Link;
/** Says a hash that is not that of the file, as if the line or the disk had changed it. */
let wrong: Link;
/** Has no way to hash. */
let mute: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-verification-'));
  server = await startTestServer({ accounts: keyedAccounts, files: { '/data': data, '/small': 'abc' } });
  link = linkTo(server);
  const lie: Remote['hash'] = (_path, algorithm) =>
    Promise.resolve({ algorithm, hash: Buffer.alloc(algorithm === 'md5' ? 16 : 32, 7), by: 'check-file' });
  wrong = withHash(link, lie);
  mute = withHash(link, () => Promise.resolve(null));
  writeFileSync(join(work, 'data'), data);
  writeFileSync(join(work, 'small'), 'abc');
});
afterAll(async () => {
  await link.end();
  await server.close();
  rmSync(work, { recursive: true });
});

const here = (name: string): string => join(work, name);
const item = (remote: string, local: string): Parameters<typeof getFile>[1] => ({
  remote,
  local: fromText(here(local)),
});
const explicit = { verify: { algorithm: 'sha256', explicit: true } } as const;

describe('what arrives is verified', () => {
  it('keeps a download that is not what the server has as a part, and what was there before', async () => {
    for (const name of ['data', 'small']) {
      writeFileSync(here(`w-${name}`), 'before');
      const fault = await faultOf(
        getFile(wrong, item(name, `w-${name}`), rig({ collision: 'overwrite' }).options),
      );
      expect(fault).toMatchObject({ code: 'verification-failed' });
      expect(fault).not.toBeInstanceOf(StoppedTransfer);
      expect(fault.message).toContain(`${'07'.repeat(16)} at the server`);
      expect(fault.message).toContain(`stays as ${here(`w-${name}.part`)}`);
      expect(readFileSync(here(`w-${name}`), 'utf8')).toBe('before');
      expect(md5(readFileSync(here(`w-${name}.part`)))).toBe(md5(await server.read(`/${name}`)));
    }
  });

  it('keeps an upload that is not what was sent as a part, and what was there before', async () => {
    for (const name of ['data', 'small']) {
      await server.write(`/w-${name}`, 'before');
      const fault = await faultOf(
        putFile(wrong, item(`w-${name}`, name), rig({ collision: 'overwrite' }).options),
      );
      expect(fault.code).toBe('verification-failed');
      expect(fault.message).toContain(`stays as w-${name}.filepart`);
      expect((await server.read(`/w-${name}`)).toString()).toBe('before');
      expect(md5(await server.read(`/w-${name}.filepart`))).toBe(md5(readFileSync(here(name))));
    }
  });

  it('verifies by SHA-256 where that is asked for', async () => {
    const result = await putFile(link, item('sha', 'data'), rig(explicit).options);
    expect(result.verified).toMatchObject({ algorithm: 'sha256' });
    expect(result.verified?.here).toBe(result.verified?.there);
    expect(result.verified?.here).toHaveLength(64);
    expect((await getFile(link, item('sha', 'sha'), rig(explicit).options)).verified).toEqual(
      result.verified,
    );
  });

  it('says once for each command that the server cannot, and goes on', async () => {
    const { told, options } = rig();
    for (const name of ['n1', 'n2']) {
      expect((await putFile(mute, item(name, 'data'), options)).verified).toBeNull();
      expect((await getFile(mute, item('data', name), options)).verified).toBeNull();
    }
    expect(told.notes).toEqual(['not verified: the server makes no hashes by itself']);
    expect(md5(await server.read('/n2'))).toBe(md5(data));
    expect(md5(readFileSync(here('n2')))).toBe(md5(data));
  });

  it('moves nothing where it was asked for by name and cannot be', async () => {
    server.requests.clear();
    for (const run of [
      () => putFile(mute, item('e1', 'data'), rig(explicit).options),
      () => getFile(mute, item('data', 'e1'), rig(explicit).options),
    ]) {
      expect((await faultOf(run())).code).toBe('verification-failed');
    }
    expect(server.requests.filter(({ operation }) => operation === 'write' || operation === 'read')).toEqual(
      [],
    );
    expect(await server.list('/')).not.toContain('e1.filepart');
    expect(existsSync(here('e1.part'))).toBe(false);
  });

  it('leaves to others what to do with a part that nobody can compare', async () => {
    await server.write('/u.filepart', data.subarray(0, 1000));
    writeFileSync(here('u.part'), data.subarray(0, 1000));
    const runs = {
      put: (choices: Parameters<typeof rig>[0]) => {
        const made = rig(choices);
        return { ...made, running: putFile(mute, item('u', 'data'), made.options) };
      },
      get: (choices: Parameters<typeof rig>[0]) => {
        const made = rig(choices);
        return { ...made, running: getFile(mute, item('data', 'u'), made.options) };
      },
    };
    for (const run of Object.values(runs)) {
      const failed = run({ collision: 'resume', mismatch: 'fail' });
      expect((await faultOf(failed.running)).code).toBe('verification-failed');
      expect(failed.told.mismatches).toMatchObject([{ there: 1000, finding: 'unknown' }]);
      expect(await run({ collision: 'resume', mismatch: 'resume' }).running).toMatchObject({
        resumedAt: 1000,
      });
    }
    expect(md5(await server.read('/u'))).toBe(md5(data));
    expect(md5(readFileSync(here('u')))).toBe(md5(data));
  });

  it('tells that the source was changed meanwhile', async () => {
    writeFileSync(here('grows'), data);
    let grown = false;
    const put = rig({
      onMoved: () => {
        // Written anew it would be empty for a moment, in which it may be read.
        if (!grown) appendFileSync(here('grows'), data);
        grown = true;
      },
    });
    expect(await putFile(link, item('grows', 'grows'), put.options)).toMatchObject({ size: data.length });
    expect(put.told.notes).toEqual([expect.stringContaining('was changed while it was sent')]);
    expect(md5(await server.read('/grows'))).toBe(md5(data));

    const changing: Promise<void>[] = [];
    const get = rig({
      onMoved: () => {
        if (changing.length === 0) changing.push(server.write('/grows', randomBytes(900_000)));
      },
    });
    const outcome = await getFile(link, item('grows', 'got'), get.options).catch((thrown: unknown) => thrown);
    await Promise.all(changing);
    expect(get.told.notes).toEqual([expect.stringContaining('was changed at the server')]);
    expect(outcome).toMatchObject({ code: 'verification-failed' });
    expect(existsSync(here('got'))).toBe(false);
  });
});
