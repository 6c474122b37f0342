import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig } from 'rolldown';

/**
 * `dist/plim.mjs`: the client in one file, which needs nothing but Node (docs/decisions/plim-bundle.md). What a package
 * warns about fails the build, and so does code of the server that was dragged in.
 */

const top = import.meta.dirname;

/** ssh2 tries these and goes on without: they are for one machine, the file is for all. */
const native = /(^cpu-features$|\/sshcrypto\.node$)/;

/** Rooms of `src/` that only the server has. */
const serverRooms =
  /^src\/(vfs|auth|store|quota|sftp|exec|ssh|peers|admin|supervise|embed|testing|cli\/server)\//;

const withoutNative = {
  name: 'without-native',
  resolveId: (id) => (native.test(id) ? { id: `\0absent:${id}`, moduleSideEffects: true } : null),
  load: (id) =>
    id.startsWith('\0absent:') ? { code: `throw new Error('not in this file');`, moduleType: 'js' } : null,
};

/** What a file of ours loads by `createRequire` is bundled like any other import. */
const loads = {
  name: 'loads',
  transform: {
    filter: { id: /\/src\/.*\.ts$/, code: 'createRequire' },
    handler: (code) =>
      code
        .replace(/import \{ createRequire \} from 'node:module';\n/, '')
        .replace(/const load = createRequire\(import\.meta\.url\);/, '')
        .replace(/createRequire\(import\.meta\.url\)\(/g, 'require(')
        .replace(/\bload\(/g, 'require('),
  },
};

const oneFile = {
  name: 'one-file',
  renderChunk(code, chunk) {
    const modules = chunk.moduleIds.filter((id) => !id.startsWith('\0')).map((id) => relative(top, id));
    const strays = modules.filter((path) => serverRooms.test(path));
    if (strays.length > 0) this.error(`plim.mjs would hold code of the server: ${strays.join(', ')}`);
    // What is imported only when it is needed is inside all the same, and is named as the file itself.
    const others = [...chunk.imports, ...chunk.dynamicImports].filter(
      (name) => !name.startsWith('node:') && name !== chunk.fileName,
    );
    if (others.length > 0) this.error(`plim.mjs would import ${others.join(', ')}`);
    return { code: `${code}\n${notices(modules)}`, map: null };
  },
  writeBundle: ({ file }) => chmodSync(resolve(top, file), 0o755),
};

/** The licences of the packages that are inside, as each of them asks. */
function notices(modules) {
  const folders = new Set(modules.filter((path) => path.startsWith('node_modules/')).map(packageFolder));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `License: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}`;
  });
  return `/*!\nThis file holds parts of these packages:\n\n${texts.join('\n\n----\n\n').replaceAll('*/', '* /')}\n*/\n`;
}

/** The folder with the name and version: some packages have a `package.json` further down that says less. */
function packageFolder(path) {
  let folder = join(top, dirname(path));
  for (; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version !== undefined) return folder;
  }
}

export default defineConfig({
  cwd: top,
  input: 'src/bin/plim.ts',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  external: [/^node:/, ...builtinModules],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  plugins: [withoutNative, loads, oneFile],
  output: {
    file: 'dist/plim.mjs',
    format: 'esm',
    codeSplitting: false,
    // Older packages ask where their file is; here that is this one.
    intro: 'const __dirname = import.meta.dirname;\nconst __filename = import.meta.filename;',
    comments: { legal: false, jsdoc: false, annotation: true },
  },
  onLog(level, log, next) {
    if (level === 'warn') throw new Error(log.message);
    next(level, log);
  },
});
