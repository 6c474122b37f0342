import { transferCommand } from '../transfers/declare.js';

export const reput = transferCommand({
  name: 'reput',
  direction: 'put',
  resumes: true,
  summary: 'go on with a put that was stopped; the part that is there is compared first',
  examples: ['reput big.iso', 'reput -r photos backup/'],
});
