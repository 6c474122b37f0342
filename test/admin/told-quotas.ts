import { Fault } from '../../src/fault.js';
import type { Count, HomeUsage, ScanOptions, ScanReport } from '../../src/quota/home-usage.js';
import type { Quotas } from '../../src/quota/quotas.js';
import type { Home } from '../../src/store/accounts.js';

type Told = Pick<Quotas, 'usage' | 'scan'>;

export interface Answers {
  readonly usage?: (home: Home) => Promise<Pick<HomeUsage, 'bytes' | 'files' | 'counted' | 'drift'>>;
  readonly measure?: (path: string, signal?: AbortSignal) => Promise<Count>;
  readonly scan?: (home: Home, options: ScanOptions) => Promise<ScanReport>;
}

/** Quotas that answer what a test says, and keep what they were asked. */
export function toldQuotas(answers: Answers = {}) {
  const asked: string[] = [];
  const unexpected = (): Promise<never> => Promise.reject(new Fault('failure', 'nobody was to be asked'));
  const quotas: Told = {
    usage: async (home) => {
      asked.push(`usage ${home.id}`);
      const figures = await (answers.usage ?? unexpected)(home);
      return { ...figures, line: { bytes: null, files: null } };
    },
    scan: (home, options) => {
      asked.push(`${options.check ? 'check' : 'scan'} ${home.id}`);
      return (answers.scan ?? unexpected)(home, options);
    },
  };
  return {
    asked,
    quotas: () => Promise.resolve(quotas),
    measure: (path: string, signal?: AbortSignal) => {
      asked.push(`measure ${path}`);
      return (answers.measure ?? unexpected)(path, signal);
    },
  };
}
