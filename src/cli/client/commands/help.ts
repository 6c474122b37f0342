import { fromText, toText } from '../../../names.js';
import { table } from '../../printer.js';
import { commandHelp, usageOf } from '../command-line.js';
import { clientCommand, type ClientContext } from '../command.js';
import { outcomeRows } from '../outcomes.js';
import { findCommand } from '../run-line.js';

export const help = clientCommand({
  name: 'help',
  aliases: ['?'],
  args: ['[COMMAND]'],
  completes: ['command'],
  summary: 'list the commands, or show usage, examples and exit codes of one; help codes lists all outcomes',
  examples: ['help', 'help get', 'help codes'],
  options: {},
  offline: true,
  run(context) {
    const { args, commands, printer } = context;
    const [word] = args;
    if (!word) {
      printer.result(
        commands.map(({ name, aliases = [], summary }) => ({ name, aliases, summary })),
        [
          ...table(
            commands.map(({ name, aliases = [], summary }) => [[name, ...aliases].join(', '), summary]),
          ),
          '',
          "'help COMMAND' says more about one, 'help codes' what the numbers of outcomes mean",
        ],
      );
    } else if (word.text === fromText('codes')) {
      showCodes(context);
    } else {
      const found = findCommand(commands, toText(word.text));
      const { name, aliases = [], summary, examples } = found;
      printer.result({ name, aliases, summary, usage: usageOf(found), examples }, commandHelp(found));
    }
    return Promise.resolve(undefined);
  },
});

export const codes = clientCommand({
  name: 'codes',
  summary: 'list every outcome with its number, its sentence and its exit code',
  examples: ['codes', 'help codes'],
  options: {},
  offline: true,
  run(context) {
    showCodes(context);
    return Promise.resolve(undefined);
  },
});

function showCodes({ printer }: Pick<ClientContext, 'printer'>): void {
  printer.result(
    outcomeRows.map(({ name, code, sentence, exit }) => ({ name, code, sentence, exit })),
    table([
      ['CODE', 'OUTCOME', 'EXIT', 'MEANING'],
      ...outcomeRows.map(({ name, code, sentence, exit }) => [String(code), name, String(exit), sentence]),
    ]),
  );
}
