import { transferCommand } from '../transfers/declare.js';

export const reget = transferCommand({
  name: 'reget',
  direction: 'get',
  resumes: true,
  summary: 'go on with a get that was stopped; the part that is here is compared first',
  examples: ['reget big.iso', 'reget -r photos backup/'],
});
