import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assertJailWorks } from '../../src/vfs/self-test.js';
import { homeFolder } from './home-folder.js';

test('the jail works on this host, and trying it leaves nothing behind', async () => {
  const home = await homeFolder();
  const descriptors = readdirSync('/proc/self/fd').length;
  assertJailWorks(home.root);
  expect(readdirSync(home.root)).toEqual([]);
  expect(readdirSync('/proc/self/fd').length).toBe(descriptors);
  await home.close();
});

test('where it does not work, the sentence says what is missing', () => {
  expect(() => assertJailWorks('/proc')).toThrow(
    expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('/proc') as string }),
  );
});
