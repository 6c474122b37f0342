import { afterEach, describe, expect, it } from 'vitest';
import { createPasswords, type Passwords } from '../../src/auth/passwords.js';
import { KeyedPasswords } from '../../src/embed/keyed-passwords.js';
import { createServer, memory, type Server } from '../../src/index.js';
import { countingDeriver } from '../auth/counting-deriver.js';
import { Visitor } from './client.js';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

describe('passwords that the program holds in memory', () => {
  const passwords = new KeyedPasswords(null);

  it('are right or wrong, as the same keys pressed on any machine', async () => {
    const kept = passwords.keep('s\u00e9cret word');
    expect(kept).not.toContain('cret');
    expect(passwords.readable(kept)).toBe(true);
    expect(await passwords.verify('s\u00e9cret word', kept)).toBe(true);
    // Decomposed, and with the space that macOS types with the option key.
    expect(await passwords.verify('se\u0301cret\u00a0word', kept)).toBe(true);
    for (const wrong of ['secret word', '', 's\u00e9cret word\0', 'x'.repeat(2000)]) {
      expect(await passwords.verify(wrong, kept)).toBe(false);
    }
  });

  it('of another process are worth nothing here, and no hash at all is never right', async () => {
    const other = new KeyedPasswords(null);
    expect(await passwords.verify('secret', other.keep('secret'))).toBe(false);
    expect(await passwords.verify('secret', null)).toBe(false);
    expect(await passwords.verify('secret', '$2b$10$abc')).toBe(false);
  });

  it('cost one scrypt each as soon as one account has a hash, whoever it is and whatever is right (A2)', async () => {
    const deriver = countingDeriver();
    const scrypt: Passwords = createPasswords({ cost: 10, derivers: [deriver] });
    const both = new KeyedPasswords(scrypt);
    const [kept, hashed] = [both.keep('secret'), await scrypt.hash('secret')];
    for (const [password, hash, right] of [
      ['secret', kept, true],
      ['wrong', kept, false],
      ['secret', hashed, true],
      ['wrong', hashed, false],
      ['secret', null, false],
    ] as const) {
      const before = deriver.asked.length;
      expect(await both.verify(password, hash)).toBe(right);
      expect(deriver.asked.length - before).toBe(1);
    }
    await both.close();
  });
});

describe('a server with a scrypt hash', () => {
  it('lets in by it, beside accounts with plain passwords and a function', async () => {
    const scrypt = createPasswords({ cost: 10 });
    const passwordHash = await scrypt.hash('hashed');
    await scrypt.close();
    const server = createServer({
      accounts: { alice: { password: 'secret' }, bob: { passwordHash } },
      authenticate: ({ password }) => password === 'asked',
      vfs: memory(),
    });
    servers.push(server);
    await server.listen(0);
    for (const [username, password] of [
      ['alice', 'secret'],
      ['bob', 'hashed'],
      ['carol', 'asked'],
    ] as const) {
      await (await Visitor.login(server.port, { username, password })).leave();
      await expect(Visitor.login(server.port, { username, password: 'wrong' })).rejects.toThrow(
        'authentication',
      );
    }
  });
});
