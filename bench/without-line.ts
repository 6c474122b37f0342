import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const withLine = 'quotas.limited(home, opened)';

/**
 * The same build, except that no home has its line in force: what the ledger costs is the difference between the two.
 * @returns where it is
 */
export function builtWithoutLine(work: string): string {
  const project = join(work, 'without-line');
  const built = join(project, 'dist');
  mkdirSync(project);
  cpSync('dist', built, {
    recursive: true,
    filter: (source) => resolve(source) !== resolve('dist/benchmarks'),
  });
  cpSync('package.json', join(project, 'package.json'));
  symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
  const file = join(built, 'home.js');
  const code = readFileSync(file, 'utf8');
  if (code.split(withLine).length !== 2) throw new Error(`where is '${withLine}' in home.js?`);
  writeFileSync(file, code.replace(withLine, 'opened'));
  return built;
}
