import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Executed } from '../interop/wire-client.js';
import { line, overSize, type LinedHomes, type Loader } from './lined-homes.js';

/** `scp -t`, told and sent things that do not agree [L1, PROTOCOL 7.5.3]. */
export function scpIsCharged(homes: () => LinedHomes): void {
  /** Announces a file of so many bytes, and sends what is given, without waiting for an answer. */
  const sent = (
    user: Loader,
    name: string,
    announced: number,
    bytes: number,
    after = '\0',
  ): Promise<Executed> =>
    user.wire.exec(
      `scp -t ${name}`,
      Buffer.concat([
        Buffer.from(`C0644 ${announced} ${name}\n`),
        Buffer.alloc(bytes, 'x'),
        Buffer.from(after),
      ]),
    );
  const answer = ({ stdout }: Executed): string => stdout.toString('latin1');

  describe('scp -t', () => {
    it('refuses what does not fit at its announced size, before a byte of it is written', async () => {
      const home = homes().next();
      const user = await home.connect();
      await user.put('/there', 400_000);
      // The source waits for the answer to its announcement, and then sends nothing of that file.
      const refused = await user.wire.exec('scp -t new', 'C0644 600001 new\n');
      expect(answer(refused)).toMatch(overSize('new'));
      expect(refused.status).toBe(1);
      expect(existsSync(join(home.folder, 'new'))).toBe(false);
      expect(await user.balanced()).toEqual({ bytes: 400_000, files: 1 });
      // What is replaced counts as room, and is as it was.
      const larger = await user.wire.exec('scp -t there', `C0644 ${line.bytes + 1} there\n`);
      expect(answer(larger)).toMatch(overSize('there'));
      expect(await user.balanced()).toEqual({ bytes: 400_000, files: 1 });
      expect((await sent(user, 'there', line.bytes, line.bytes)).status).toBe(0);
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: 1 });
    });

    it('takes no more than was announced', async () => {
      const user = await homes().next().connect();
      const { status } = await sent(user, 'more', 1000, line.bytes * 2);
      expect(status).toBe(1);
      expect(await user.balanced()).toEqual({ bytes: 1000, files: 1 });
    });

    it('that is sent less than was announced pays for what came', async () => {
      const home = homes().next();
      const user = await home.connect();
      expect((await sent(user, 'less', 900_000, 500_000, '')).status).toBe(1);
      expect(statSync(join(home.folder, 'less')).size).toBe(500_000);
      expect(await user.balanced()).toEqual({ bytes: 500_000, files: 1 });
      await user.put('/rest', 500_000);
    });

    it('several at once, each of which fits alone, stop at the line', async () => {
      const home = homes().next();
      const users = await Promise.all(Array.from({ length: 4 }, () => home.connect()));
      const answers = await Promise.all(
        users.map((user, index) => sent(user, `file-${index}`, 400_000, 400_000)),
      );
      // They share the room as it comes: two get through, or fewer.
      const whole = answers.filter(({ status }) => status === 0);
      expect(whole.length).toBeLessThanOrEqual(2);
      for (const refused of answers.filter(({ status }) => status !== 0))
        expect(answer(refused)).toMatch(/quota exceeded: \S+ \S+ of 1 MB used, \S+ \S+ more needed/);
      const { bytes } = (await users[0]?.balanced()) ?? { bytes: NaN };
      expect(bytes).toBeGreaterThanOrEqual(whole.length * 400_000);
      expect(bytes).toBeLessThanOrEqual(line.bytes);
    });
  });
}
