import type { ByteString } from '../names.js';
import { filepartOf } from './partial-names.js';
import type { Question } from './remote.js';
import { parentOf } from './room.js';

/** What is asked before a file is put there: whether there is room, and what is there already. */
export function uploadQuestions(target: ByteString): readonly Question[] {
  return [
    { ask: 'space', path: parentOf(target) },
    { ask: 'lstat', path: target },
    { ask: 'lstat', path: filepartOf(target) },
  ];
}
