import { transferCommand } from '../transfers/declare.js';

export const mput = transferCommand({
  name: 'mput',
  direction: 'put',
  several: true,
  summary: 'send several files; the last name is the target only where it is a folder there',
  examples: ['mput *.pdf', 'mput a.txt b.txt', 'mput *.jpg pictures/'],
});
