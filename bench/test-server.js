// Measures what a test server costs (docs/testing.md): importing the kit into a fresh process, its first start there,
// and one more. Run: npm run build && node bench/test-server.js [PROCESSES]
import { execFileSync } from 'node:child_process';

const program = `
  const began = performance.now();
  const { startTestServer } = await import('./dist/testing.js');
  const imported = performance.now();
  const first = await startTestServer();
  const started = performance.now();
  const second = await startTestServer();
  const again = performance.now();
  await Promise.all([first.close(), second.close()]);
  const closed = performance.now();
  console.log(JSON.stringify([imported - began, started - imported, again - started, closed - again]));
`;

const processes = Number(process.argv[2] ?? 15);
const runs = Array.from({ length: processes }, () =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('..', import.meta.url),
      encoding: 'utf8',
    }),
  ),
);
for (const [index, name] of ['import', 'first start', 'second start', 'both closed'].entries()) {
  const sorted = runs.map((run) => run[index]).sort((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)];
  console.log(`${name}: ${middle.toFixed(1)} ms (${sorted[0].toFixed(1)} to ${sorted.at(-1).toFixed(1)})`);
}
