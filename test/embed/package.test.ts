import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, run, type Result } from '../interop/programs.js';
import { examplesIn } from './documents.js';

const top = fileURLToPath(new URL('../..', import.meta.url));
const tsc = join(top, 'node_modules/typescript/bin/tsc');

/** A program's own folder, with the built package installed in it. */
let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-package-'));
  mkdirSync(join(work, 'node_modules/@types'), { recursive: true });
  symlinkSync(top, join(work, 'node_modules/plimsoll'));
  for (const name of ['ssh2-sftp-client', '@types/node', '@types/ssh2-sftp-client', '@types/ssh2']) {
    symlinkSync(join(top, 'node_modules', name), join(work, 'node_modules', name));
  }
  writeFileSync(join(work, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(() => rmSync(work, { recursive: true }));

function node(file: string, code: string, ...args: readonly string[]): Promise<Result> {
  writeFileSync(join(work, file), code);
  return run(process.execPath, [...args, file], { cwd: work });
}

/** Tells what importing has left behind; whatever keeps the process alive makes the test time out. */
const look = `
  const listeners = () => JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
  const before = listeners();
`;
const tell = `
  await new Promise((resolve) => setImmediate(resolve));
  // Standard output itself may be one.
  const resources = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
  const loaded = [...loadedFiles].concat(process.report.getReport().sharedObjects).filter((file) =>
    /node_modules\\/(better-sqlite3|kysely|conf|pino|pino-pretty|commander|yaml|fastify)\\/|better_sqlite3/.test(file));
  console.log(JSON.stringify({
    loaded,
    threads: process.report.getReport().workers.length,
    resources,
    listeners: listeners() === before,
  }));
`;

describe.each(['plimsoll', 'plimsoll/testing'])("import '%s'", (name) => {
  it('loads no database and no log, starts no thread and timer, sets no handler, prints nothing, ends by itself', async () => {
    // Every module that is resolved is noted, whether it is ESM or not.
    const hooks = `
      import { appendFileSync } from 'node:fs';
      export async function resolve(specifier, context, next) {
        const found = await next(specifier, context);
        appendFileSync(process.env.LOADED, found.url + '\\n');
        return found;
      }`;
    writeFileSync(join(work, 'hooks.mjs'), hooks);
    writeFileSync(
      join(work, 'register.mjs'),
      "import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);",
    );
    const list = join(work, 'loaded.txt');
    rmSync(list, { force: true });
    const code = `
      import { readFileSync } from 'node:fs';
      import { createRequire } from 'node:module';
      ${look}
      await import('${name}');
      const cached = Object.keys(createRequire(import.meta.url).cache);
      const loadedFiles = [...cached, ...readFileSync(process.env.LOADED, 'utf8').split('\\n')];
      ${tell}`;
    writeFileSync(join(work, 'importing.mjs'), code);
    const result = await run(process.execPath, ['--import', './register.mjs', 'importing.mjs'], {
      cwd: work,
      env: { ...process.env, LOADED: list },
    });
    expect(result.stderr).toBe('');
    // The hooks themselves run in a thread, which reports count.
    expect(JSON.parse(result.stdout)).toMatchObject({ loaded: [], resources: [], listeners: true });
    expect(readFileSync(list, 'utf8')).toContain('/dist/embed/');
    const plain = await node('plain.mjs', `${look} const loadedFiles = []; await import('${name}'); ${tell}`);
    expect(plain.stderr).toBe('');
    expect(JSON.parse(plain.stdout)).toEqual({ loaded: [], threads: 0, resources: [], listeners: true });
    expect(plain.status).toBe(0);
  });

  it('is what require gives, too, in silence', async () => {
    const result = await node('requiring.cjs', `console.log(Object.keys(require('${name}')).length > 0)`);
    expect(result).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
  });
});

describe('a server', () => {
  it('that serves from memory starts no thread, and lets the process end once it is closed', async () => {
    const result = await node(
      'ending.mjs',
      `import Client from 'ssh2-sftp-client';
       import { createServer, memory } from 'plimsoll';
       const s = await createServer({ accounts: { alice: { password: 'secret' } }, vfs: memory() }).listen(0);
       const client = new Client();
       await client.connect({ host: '127.0.0.1', port: s.port, username: 'alice', password: 'secret' });
       await client.put(Buffer.from('x'), '/x');
       console.log(process.report.getReport().workers.length);
       await s.close({ grace: 0 });
       await client.end().catch(() => undefined);`,
    );
    expect(result).toEqual({ status: 0, stdout: '0\n', stderr: '' });
  });

  it('whose files hang says so when it is closed, and lets the process end', async () => {
    const result = await node(
      'hanging.mjs',
      `import Client from 'ssh2-sftp-client';
       import { createServer, DelegatingVfs, memory } from 'plimsoll';
       let asked;
       const arrived = new Promise((resolve) => (asked = resolve));
       class Hanging extends DelegatingVfs {
         stat(path, options) {
           if (path !== '/x') return super.stat(path, options);
           asked();
           return new Promise(() => undefined);
         }
       }
       const s = await createServer({
         accounts: { alice: { password: 'secret' } },
         vfs: new Hanging(memory()),
       }).listen(0);
       const client = new Client('x', { error: () => {}, end: () => {}, close: () => {} });
       await client.connect({ host: '127.0.0.1', port: s.port, username: 'alice', password: 'secret' });
       client.stat('/x').catch(() => undefined);
       await arrived;
       await s.close({ grace: 0 }).catch((fault) => console.log(fault.code));`,
    );
    expect(result).toEqual({ status: 0, stdout: 'busy\n', stderr: '' });
  });

  it('that cannot listen, or never does, lets the process end', async () => {
    const result = await node(
      'unheard.mjs',
      `import { createServer, memory } from 'plimsoll';
       const options = { accounts: { alice: { password: 'secret' } }, vfs: memory() };
       createServer(options);
       await createServer(options).listen('192.0.2.1:0').catch((error) => console.log(error.message));`,
    );
    expect(result).toEqual({
      status: 0,
      stdout: '192.0.2.1 is not an address of this machine\n',
      stderr: '',
    });
  });
});

describe('docs/embedding.md', () => {
  const examples = examplesIn('docs/embedding.md');

  it('has an example of each thing', () => {
    expect(examples.map(({ name }) => name)).toEqual([
      'quick-start.mjs',
      'line.mjs',
      'homes-on-disk.mjs',
      'authenticate.mjs',
      'read-only.ts',
      'no-programs.ts',
      'uploads.mjs',
      'stdio.mjs',
      'old.cjs',
    ]);
  });

  it.each(examples.filter(({ name }) => /\.[cm]js$/.test(name) && name !== 'stdio.mjs'))(
    '$name runs as it stands there, and prints what it says',
    async ({ name, code, prints }) => {
      const { status, stdout, stderr } = await node(name, code);
      expect(stderr).toBe('');
      if (prints !== null) expect(stdout).toBe(prints);
      else expect(stdout).toMatch(/^sftp -P \d+ alice@127\.0\.0\.1\n$/);
      expect(status).toBe(0);
    },
  );

  it('has TypeScript that compiles against the package as strictly as it gets, and runs', async () => {
    const typed = examples.filter(({ name }) => name.endsWith('.ts'));
    for (const { name, code } of typed) writeFileSync(join(work, name), code);
    const names = typed.map(({ name }) => name);
    const options = [
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
      '--noImplicitOverride',
    ];
    const compiled = await run(
      process.execPath,
      [
        tsc,
        ...options,
        '--target',
        'es2022',
        '--module',
        'nodenext',
        '--types',
        'node',
        '--skipLibCheck',
        ...names,
      ],
      { cwd: work },
    );
    expect(compiled.stdout).toBe('');
    expect(compiled.status).toBe(0);
    for (const { name, prints } of typed) {
      const ran = await run(process.execPath, [name.replace('.ts', '.js')], { cwd: work });
      expect(ran).toEqual({ status: 0, stdout: prints, stderr: '' });
    }
  });

  it.skipIf(missing('sftp'))('stdio.mjs is a server that sftp starts by itself', async () => {
    const { code = '' } = examples.find(({ name }) => name === 'stdio.mjs') ?? {};
    writeFileSync(join(work, 'stdio.mjs'), code);
    writeFileSync(join(work, 'batch'), 'put batch /inbox/batch\nls -1 /inbox\nrm /nothing\n');
    const result = await run('sftp', ['-b', 'batch', '-D', `${process.execPath} stdio.mjs`], { cwd: work });
    expect(result.stdout).toContain('/inbox/batch');
    expect(result.stderr).toMatch(/No such file|not found/i);
    expect(result.status).toBe(1);
  });
});

describe('README.md', () => {
  it('begins with the program that docs/embedding.md begins with, which runs', () => {
    const [quickStart] = examplesIn('docs/embedding.md');
    const [, code] = /^\/\/ quick-start\.mjs\n([\s\S]+)$/.exec(quickStart?.code ?? '') ?? [];
    const readme = readFileSync(join(top, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    expect(blocks).toEqual([code]);
  });
});

describe('the public types', () => {
  it('need @types/node and nothing else', async () => {
    const alone = join(work, 'alone');
    mkdirSync(join(alone, 'node_modules/@types'), { recursive: true });
    mkdirSync(join(alone, 'node_modules/plimsoll'));
    symlinkSync(join(top, 'node_modules/@types/node'), join(alone, 'node_modules/@types/node'));
    symlinkSync(join(top, 'node_modules/undici-types'), join(alone, 'node_modules/undici-types'));
    // A link would let the declarations find the packages that this checkout has installed.
    const declarations = readdirSync(join(top, 'dist'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.d.ts') && !file.startsWith('benchmarks'),
    );
    for (const file of declarations) {
      const to = join(alone, 'node_modules/plimsoll/dist', file);
      mkdirSync(join(to, '..'), { recursive: true });
      writeFileSync(to, readFileSync(join(top, 'dist', file)));
    }
    writeFileSync(join(alone, 'node_modules/plimsoll/package.json'), readFileSync(join(top, 'package.json')));
    writeFileSync(join(alone, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(
      join(alone, 'program.ts'),
      `import * as embedded from 'plimsoll';
       import * as client from 'plimsoll/client';
       import * as testing from 'plimsoll/testing';
       export type All = [typeof embedded, typeof client, typeof testing];
       export const connecting: Promise<client.Client> = client.connect({ host: 'h', user: 'u', hostKey: 'SHA256:x' });
       // @ts-expect-error there is no such option
       client.connect({ host: 'h', user: 'u', hostkey: 'SHA256:x' });
       const s: embedded.Server = embedded.createServer({ accounts: {}, vfs: embedded.memory() });
       s.on('file.closed', ({ path, bytesWritten }) => console.log(path.length + bytesWritten));
       // @ts-expect-error there is no such event
       s.on('file.close', () => undefined);
       // @ts-expect-error there is no such option
       embedded.createServer({ account: {} });
       // @ts-expect-error there is no such setting
       embedded.createServer({ accounts: {}, settings: { 'login.try': 1 } });
      `,
    );
    const compiled = await run(
      process.execPath,
      [
        tsc,
        ...[
          '--noEmit',
          '--strict',
          '--target',
          'es2022',
          '--lib',
          'es2023',
          '--module',
          'nodenext',
          '--types',
          'node',
        ],
        'program.ts',
      ],
      { cwd: alone },
    );
    expect(compiled.stdout).toBe('');
  });
});

describe('npm pack', () => {
  it('ships what the exports name, and what the threads run', async () => {
    const packed = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: top });
    const [{ files }] = JSON.parse(packed.stdout) as [{ files: readonly { path: string }[] }];
    const paths = new Set(files.map(({ path }) => path));
    const { exports: named } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
    };
    const wanted = Object.values(named).flatMap((one) =>
      typeof one === 'string' ? [one] : Object.values(one),
    );
    for (const path of [
      ...wanted.map((one) => one.slice(2)),
      'dist/bin/worker.js',
      'dist/vfs/path-thread.js',
    ]) {
      expect(paths, path).toContain(path);
      expect(existsSync(join(top, path)), path).toBe(true);
    }
    expect([...paths].filter((path) => /^(src|test|keys|var|homes|etc)\//.test(path))).toEqual([]);
  });
});
