import type { Step } from '../../admin/apply.js';
import { toFault } from '../../fault.js';
import { argument, command, flag } from '../command.js';
import { exits } from '../exit.js';
import { withRoot } from '../open-root.js';
import { readText } from './account-options.js';
import { assertWanted } from './ask.js';

const signs: Readonly<Record<Step['action'], string>> = { add: '+', change: '~', remove: '-' };

export const apply = command({
  name: 'apply',
  args: ['<FILE>'],
  summary: 'make the accounts as they stand in a file, JSON or YAML (- is standard input)',
  options: {
    dryRun: flag('--dry-run', 'print the difference and change nothing'),
    prune: flag('--prune', 'remove accounts that are not in the file; their homes stay'),
    yes: flag('-y, --yes', 'do not ask'),
  },
  async run(context) {
    const { options, printer, terminal } = context;
    const file = argument(context, 0);
    return withRoot(context, async ({ service }) => {
      // No other command has to wait for the parser of YAML.
      const { parseApplyFile } = await import('../../admin/apply-file.js');
      const content = file === '-' ? await terminal.readInput() : readText(file);
      const steps = await service.plan(parseApplyFile(content), { prune: options.prune });
      const removed = steps.filter(({ action }) => action === 'remove').map(({ account }) => `'${account}'`);
      if (removed.length > 0 && !options.dryRun) {
        await assertWanted(context, options.yes, `remove ${removed.join(', ')}`);
      }

      const failures: { readonly account: string; readonly message: string }[] = [];
      for (const step of options.dryRun ? [] : steps) {
        try {
          await step.carryOut();
        } catch (thrown) {
          failures.push({ account: step.account, message: toFault(thrown).message });
        }
      }
      const differences = steps.map(({ account, action, changes }) => ({ account, action, changes }));
      const lines = differences.map((one) =>
        [`${signs[one.action]} ${one.account}`, ...one.changes].join('  '),
      );
      printer.result(
        { dryRun: options.dryRun, differences, failures },
        lines.length > 0 ? lines : ['nothing to change'],
      );
      if (options.dryRun && lines.length > 0) printer.note('Nothing was changed: this was a dry run.');
      for (const { account, message } of failures) printer.warn(`account '${account}': ${message}`);
      return failures.length > 0 ? exits['some failed'] : undefined;
    });
  },
});
