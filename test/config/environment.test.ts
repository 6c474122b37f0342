import { expect, it } from 'vitest';
import { environmentName, mistypedEnvironment, settingNames } from '../../src/config/environment.js';

it('splits words at dots and capitals', () => {
  expect(environmentName('login.grace')).toBe('PLIMSOLL_LOGIN_GRACE');
  expect(environmentName('login.pendingPerAddress')).toBe('PLIMSOLL_LOGIN_PENDING_PER_ADDRESS');
  expect(environmentName('listen')).toBe('PLIMSOLL_LISTEN');
});

it('gives each setting a name of its own', () => {
  const names = settingNames.map(environmentName);
  expect(new Set([...names, 'PLIMSOLL_ROOT', 'PLIMSOLL_PASSWORD']).size).toBe(names.length + 2);
});

it('speaks of names that look mistyped, and of no others', () => {
  const env = {
    PLIMSOLL_LOGIN_GRAEC: '1s',
    PLIMSOLL_SERVICE_HOST_X9: 'x',
    PATH: '/bin',
    PLIMSOLL_UMASK: '022',
  };
  expect(mistypedEnvironment(env)).toEqual([
    "PLIMSOLL_LOGIN_GRAEC in the environment is no setting; did you mean 'PLIMSOLL_LOGIN_GRACE'?",
  ]);
});
