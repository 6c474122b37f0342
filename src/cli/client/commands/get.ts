import { transferCommand } from '../transfers/declare.js';

export const get = transferCommand({
  name: 'get',
  direction: 'get',
  summary: 'fetch files, or folders with -r: the last of two names is the target here; - is standard output',
  examples: ['get report.pdf', 'get -r photos backup/', 'get --resume big.iso', 'get notes.txt -'],
});
