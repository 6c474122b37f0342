import { derive, type Derivation } from '../../src/auth/derive.js';
import type { Deriver } from '../../src/auth/passwords.js';

/** Does the work of a password thread at once, and remembers what it was asked. */
export interface CountingDeriver extends Deriver {
  readonly asked: Derivation[];
}

export function countingDeriver(): CountingDeriver {
  const asked: Derivation[] = [];
  return {
    asked,
    call(_name, derivation) {
      asked.push(derivation);
      return Promise.resolve(derive(derivation));
    },
    close: () => Promise.resolve(),
  };
}

/** Answers only when told. */
export function stalledDeriver(): Deriver & { finish(): void; readonly asked: number } {
  const waiting: (() => void)[] = [];
  let asked = 0;
  return {
    get asked() {
      return asked;
    },
    call(_name, { length }) {
      asked += 1;
      return new Promise((resolve) => waiting.push(() => resolve(new Uint8Array(length))));
    },
    finish() {
      for (const done of waiting.splice(0)) done();
    },
    close: () => Promise.resolve(),
  };
}
