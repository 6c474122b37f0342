import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { line, overLine, writeOf, type LinedHomes } from './lined-homes.js';

/** How the line is told, and what a session can do afterwards [L2, PROTOCOL 6]. */
export function refusalsAreTold(homes: () => LinedHomes): void {
  describe('at the line', () => {
    it('STATUS says FAILURE, what is used, of how much, and what more is needed', async () => {
      const user = await homes().next().connect();
      await user.put('/most', 992_000);
      const handle = await user.create('/rest');
      expect(await user.writeRefusal(handle, 0, 250_000)).toBe(
        'quota exceeded: 992 KB of 1 MB used, 250 KB more needed',
      );
      expect(await user.writeRefusal(handle, 8000, 1)).toMatch(overLine);
    });

    it('64 queued WRITEs are all answered, each on its own; the sentence is on stderr once for each handle', async () => {
      const home = homes().next();
      const user = await home.connect();
      const [one, two] = [await user.create('/one'), await user.create('/two')];
      const length = 32_768;
      const ids = Array.from({ length: 64 }, (_, index) =>
        user.wire.send(writeOf(one, index * length, length)),
      );
      const answers = await Promise.all(ids.map((id) => user.wire.got('status', id)));
      const fitting = Math.floor(line.bytes / length);
      expect(answers.map(({ code }) => code)).toEqual(ids.map((_, index) => (index < fitting ? 0 : 4)));
      for (const { message } of answers.slice(fitting)) expect(message).toMatch(overLine);
      expect(sentences(user.wire.stderr)).toHaveLength(1);
      // A later one is judged alone, and fits.
      const rest = line.bytes - fitting * length;
      await user.fill(one, fitting * length, line.bytes - 1000);
      expect(await user.writeRefusal(two, 0, rest)).toMatch(overLine);
      await user.fill(two, 0, 1000);
      expect(await user.writeRefusal(one, line.bytes, 1)).toMatch(overLine);
      expect(sentences(user.wire.stderr)).toHaveLength(2);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
    });

    it('what was written stays, to be resumed once there is room', async () => {
      const home = homes().next();
      const user = await home.connect();
      await user.put('/other', 500_000);
      const whole = Buffer.from(Array.from({ length: 800_000 }, (_, index) => index % 251));
      const length = 100_000;
      const first = await user.create('/partly');
      const ids = Array.from({ length: 8 }, (_, index) =>
        user.wire.sendWrite(first, index * length, whole.subarray(index * length, (index + 1) * length)),
      );
      const codes = await Promise.all(ids.map(async (id) => (await user.wire.got('status', id)).code));
      await user.wire.close(first);
      expect(codes).toEqual([0, 0, 0, 0, 0, 4, 4, 4]);
      expect(readFileSync(join(home.folder, 'partly')).equals(whole.subarray(0, 500_000))).toBe(true);
      await user.remove('/other');
      const again = await user.wire.open('/partly', openFlags.write);
      const { attrs } = await user.wire.get('attrs', { kind: 'fstat', handle: again });
      for (let offset = attrs.size ?? 0; offset < whole.length; offset += length)
        await user.wire.write(again, offset, whole.subarray(offset, offset + length));
      expect(readFileSync(join(home.folder, 'partly')).equals(whole)).toBe(true);
      expect(await user.balanced()).toEqual({ bytes: 800_000, files: 1 });
    });

    it('with exactly 0 bytes free, times, REMOVE, RENAME, shrinking and overwriting go on', async () => {
      const home = homes().next();
      const user = await home.connect();
      await user.put('/full', line.bytes - 1000);
      await user.put('/small', 1000);
      await user.wire.must({ kind: 'setstat', path: '/full', attrs: { atime: 1e9, mtime: 1e9 } });
      await user.wire.must({ kind: 'rename', from: '/full', to: '/moved' });
      await user.rename('/moved', '/full');
      await user.put('/full', line.bytes - 1000);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 2 });
      await user.wire.must({ kind: 'setstat', path: '/full', attrs: { size: 1000 } });
      await user.remove('/small');
      expect(await user.balanced()).toEqual({ bytes: 1000, files: 1 });
    });
  });
}

function sentences(stderr: string): readonly string[] {
  return stderr.split('\n').filter((text) => text.includes('quota exceeded'));
}
