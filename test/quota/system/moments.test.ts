import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../interop/programs.js';
import { scale } from '../../scale.js';
import { crash, type Weapon } from './crash.js';
import { Servers } from './servers.js';
import { scripts } from './steps.js';
import { setTrap, trapsMissing, type Trap } from './trap.js';

const line = { bytes: 200_000, files: 60 };
const homes = { alice: line, bob: line };
const sessions = 8;
const stepsOfSession = 40;

/** What changes a home or the ledger, as Node calls it. `write` also is each answer, and each word between processes. */
const calls = [
  ...['pwrite64', 'rename', 'unlink', 'ftruncate', 'link', 'mkdir', 'rmdir', 'symlink'],
  ...['openat', 'write', 'close', 'fdatasync'],
];

const absent = missing('ssh-keygen') || (await trapsMissing());

describe.skipIf(absent).each([1, 2])(
  'kill -9 just before a system call, %i process(es) [L1, L4, L6]',
  (processes) => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await Servers.start(processes, homes);
    });
    afterAll(() => servers.stop());

    it('the disk is never over the line, and after each start the ledger equals it', async () => {
      const moments = scale('quotaMoments') / 2;
      let sprung = 0;
      for (let moment = 0; moment < moments; moment++) {
        const call = calls[moment % calls.length] ?? '';
        const nth = 1 + Math.floor(moment / calls.length);
        const victim = moment % processes;
        const [orders = []] = fc.sample(scripts(stepsOfSession, sessions), { numRuns: 1, seed: moment });
        let trap: Trap | null = null;
        const arm = async (): Promise<Weapon> => (trap = await setTrap(servers, victim, call, nth));
        await crash(servers, { homes, orders, victim, arm }).catch((cause: unknown) => {
          throw new Error(`killed before ${call}, time ${nth}, moment ${moment}`, { cause });
        });
        if ((trap as Trap | null)?.sprung()) sprung++;
      }
      expect(sprung).toBeGreaterThan(moments / 2);
    }, 600_000);
  },
);
