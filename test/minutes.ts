import type { Reporter, TestModule } from 'vitest/node';

/** Prints what each suite (a folder of `test/`) took, longest first, and one plain line with the result. */
export class MinutesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = new Map<string, number>();
    let passed = 0;
    let failed = 0;
    let skipped = 0;
    for (const module of modules) {
      const suite = module.relativeModuleId.split('/').slice(1, -1).join('/') || module.relativeModuleId;
      suites.set(suite, (suites.get(suite) ?? 0) + module.diagnostic().duration);
      if (module.state() === 'failed') failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    for (const [suite, milliseconds] of [...suites].sort(([, a], [, b]) => b - a)) {
      console.log(`${(milliseconds / 60_000).toFixed(2).padStart(7)} min  ${suite}`);
    }
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}
