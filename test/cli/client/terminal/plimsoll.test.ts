import { describe } from 'vitest';
import { missing } from '../../../interop/programs.js';
import { typedAtPromptOf } from './typed-at-prompt.js';

describe.skipIf(missing('python3'))('typed at the prompt of this server', () => typedAtPromptOf('plimsoll'));
