import { transferCommand } from '../transfers/declare.js';

export const put = transferCommand({
  name: 'put',
  direction: 'put',
  summary: 'send files, or folders with -r: the last of two names is the target there; - is standard input',
  examples: ['put report.pdf', 'put -r photos backup/', 'put --resume big.iso', 'put - notes.txt'],
});
