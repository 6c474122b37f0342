import { Fault } from '../../fault.js';
import type { Surroundings } from '../command.js';

/**
 * Asks before what cannot be undone.
 * @throws Fault `invalid` where nobody can be asked and `--yes` was not given, `failure` where the answer is no
 */
export async function assertWanted({ terminal }: Surroundings, yes: boolean, what: string): Promise<void> {
  if (yes) return;
  if (!terminal.present) {
    throw new Fault(
      'invalid',
      `this would ${what}, and there is no terminal to ask on: say --yes if that is meant`,
    );
  }
  if (!(await terminal.confirm(`This will ${what}. Go on?`))) {
    throw new Fault('failure', 'nothing was changed');
  }
}

/**
 * A new password: from standard input, from the environment, or asked for twice.
 * @returns `null` where there is none and nobody to ask
 */
export async function newPassword(
  { terminal, env }: Surroundings,
  options: { readonly passwordStdin: boolean; readonly name: string },
): Promise<string | null> {
  if (options.passwordStdin) return passwordFromInput(await terminal.readInput());
  const given = env['PLIMSOLL_PASSWORD'];
  if (given !== undefined && given !== '') return given;
  if (!terminal.present) return null;
  const password = await terminal.askSecret(`New password for ${options.name}: `);
  if ((await terminal.askSecret('The same again: ')) !== password) {
    throw new Fault('invalid', 'the two passwords differ: nothing was changed');
  }
  return password;
}

/** The first line. @throws Fault `invalid` for none, and for more than one, which may be the wrong file */
function passwordFromInput(input: string): string {
  const [first = '', ...more] = input.split(/\r?\n/);
  if (first === '') throw new Fault('invalid', 'there is no password on standard input');
  if (more.some((line) => line !== '')) {
    throw new Fault('invalid', 'there is more than one line on standard input: a password is one');
  }
  return first;
}
