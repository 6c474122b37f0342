import { transferCommand } from '../transfers/declare.js';

export const mget = transferCommand({
  name: 'mget',
  direction: 'get',
  several: true,
  summary: 'fetch several files; the last name is the target only where it is a folder here',
  examples: ['mget *.pdf', 'mget a.txt b.txt', 'mget *.jpg pictures/'],
});
