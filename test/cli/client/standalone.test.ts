import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../../src/index.js';
import { run, type Result } from '../../interop/programs.js';

const top = fileURLToPath(new URL('../../..', import.meta.url));
const built = join(top, 'dist/plim.mjs');

describe('dist/plim.mjs', () => {
  const text = readFileSync(built, 'utf8');

  it('is a program that can be started by its name', () => {
    expect(text.startsWith('#!/usr/bin/env node\n')).toBe(true);
    expect(statSync(built).mode & 0o777).toBe(0o755);
  });

  it("imports and requires nothing but Node's own modules", () => {
    // What the bundler makes of a `require` that it leaves, beside those that the compiler sees.
    const required = [...text.matchAll(/\b__require\(\s*["'`]([^"'`]+)["'`]\s*\)/g)].map(
      ([, name = '']) => name,
    );
    const { importedFiles } = ts.preProcessFile(text, true, true);
    const named = [...importedFiles.map(({ fileName }) => fileName), ...required];
    expect(named.length).toBeGreaterThan(20);
    const own = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);
    expect(named.filter((name) => !own.has(name))).toEqual([]);
  });

  it('holds no code of the server, and nothing that was built for one machine', () => {
    const modules = [...text.matchAll(/^\/\/ (\S+)$/gm)].map(([, path = '']) => path);
    expect(modules).toContain('src/bin/plim.ts');
    expect(modules.filter((path) => path.startsWith('src/')).length).toBeGreaterThan(50);
    const rooms =
      /^src\/(vfs|auth|store|quota|sftp|exec|ssh|peers|admin|supervise|embed|testing|cli\/server|app\.ts|home)/;
    expect(modules.filter((path) => rooms.test(path))).toEqual([]);
    const packages = /node_modules\/(better-sqlite3|kysely|pino|yaml|scrypt-js|cpu-features)\//;
    expect(modules.filter((path) => packages.test(path))).toEqual([]);
  });

  it('says whose work is in it, with the licences', () => {
    const inside = [...text.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(
      ([, name = '']) => name,
    );
    const notices = text.slice(text.lastIndexOf('/*!'));
    expect(inside).toContain('ssh2');
    expect([...new Set(inside)].filter((name) => !notices.includes(`\n${name} `))).toEqual([]);
    expect(notices).toContain('Copyright Brian White');
    expect(notices).toContain('Apache License');
  });
});

describe('plim.mjs alone in a folder', () => {
  let folder: string;
  let server: Server;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-standalone-'));
    copyFileSync(built, join(folder, 'plim.mjs'));
    server = await createServer({
      accounts: { alice: { password: 'secret' } },
      homes: join(folder, 'homes'),
    }).listen(0);
  });
  afterAll(async () => {
    await server.close({ grace: 0 });
    rmSync(folder, { recursive: true });
  });

  function plim(...args: readonly string[]): Promise<Result> {
    return run(process.execPath, ['plim.mjs', '--host-key', server.fingerprint, ...args], {
      cwd: folder,
      // Nothing of whoever runs the tests, and no way to packages.
      env: { PATH: process.env['PATH'], HOME: folder, PLIM_PASSWORD: 'secret' },
    });
  }

  it('uploads and downloads, verified', async () => {
    const bytes = randomBytes(3_000_000);
    writeFileSync(join(folder, 'file'), bytes);
    const host = `alice@127.0.0.1:${server.port}`;
    const put = await plim(host, 'put', 'file', 'there');
    expect(put).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'homes/alice/there')).equals(bytes)).toBe(true);
    const got = await plim(host, 'get', 'there', 'back');
    expect(got).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'back')).equals(bytes)).toBe(true);
  });

  it('tells its version and helps', async () => {
    const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as { version: string };
    expect((await plim('--version')).stdout).toContain(version);
    const help = await plim('--help');
    expect(help.status).toBe(0);
    expect(help.stdout).toContain('plim');
  });
});
