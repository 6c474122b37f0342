import { describe } from 'vitest';
import { withoutSshd } from '../../../client/sshd.js';
import { missing } from '../../../interop/programs.js';
import { typedAtPromptOf } from './typed-at-prompt.js';

describe.skipIf(missing('python3') || withoutSshd()).each(['OpenSSH', 'OpenSSH without a shell'] as const)(
  'typed at the prompt of %s',
  typedAtPromptOf,
);
