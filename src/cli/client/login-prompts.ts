import type { KeySource, Login } from '../../client/connection.js';
import type { HostKeyQuestion } from '../../client/host-key-policy.js';
import { printable } from '../../observe/printable.js';
import type { Terminal } from '../terminal.js';

type Asking = Pick<Terminal, 'present' | 'ask' | 'askSecret'>;

export interface PromptOptions {
  /** Who can be asked; `null` for nobody. */
  readonly terminal: Asking | null;
  /** Shows a line before a question. */
  readonly say: (line: string) => void;
  /** Given on the command line or by the environment, for `passwordFor` alone: a host on the way must not learn it. */
  readonly password: string | null;
  /** The place that `password` belongs to. */
  readonly passwordFor: string;
}

export type Answers = Pick<Login, 'passphrase' | 'password' | 'answers'>;

/** Answers to what logging in asks for, remembered so that a connection made again does not ask again. */
export interface LoginPrompts {
  /** For one connection to one host. @param place as people know it, `alice@host` */
  answersFor(place: string): Answers;
  /** Whether a question found nobody to answer it. */
  readonly unanswered: boolean;
}

export function createLoginPrompts({ terminal, say, password, passwordFor }: PromptOptions): LoginPrompts {
  const passwords = new Map<string, string>(password === null ? [] : [[passwordFor, password]]);
  const passphrases = new Map<string, string>();
  const state = { unanswered: false };
  const nobody = (): null => {
    state.unanswered = true;
    return null;
  };

  const answersFor = (place: string): Answers => {
    /** A password is given once to each connection: a server that refuses it would refuse it again. */
    let spent = false;
    const known = (): string | undefined => {
      if (spent) return undefined;
      spent = true;
      return passwords.get(place);
    };
    return {
      password: async (attempt) => {
        const ready = known();
        if (ready !== undefined) return ready;
        if (!terminal) return nobody();
        if (attempt > 0) say(`${place}: that password was not accepted`);
        const typed = await terminal.askSecret(`${place}'s password: `);
        passwords.set(place, typed);
        return typed;
      },
      passphrase: async (key: KeySource, attempt) => {
        const remembered = passphrases.get(key.name);
        if (remembered !== undefined && attempt === 0) return remembered;
        if (!terminal) return nobody();
        if (attempt > 0) say(`that is not the passphrase of ${printable(key.name)}`);
        const typed = await terminal.askSecret(`Passphrase for ${printable(key.name)}: `);
        passphrases.set(key.name, typed);
        return typed;
      },
      answers: async ({ name, instruction, prompts }) => {
        const [only, ...others] = prompts;
        const isPassword = only !== undefined && others.length === 0 && !only.echo;
        const ready = isPassword ? known() : undefined;
        if (ready !== undefined) return [ready];
        if (prompts.length === 0) return [];
        if (!terminal) return nobody();
        for (const line of [name, instruction].flatMap((text) => text.split(/\r?\n/))) {
          if (line.trim() !== '') say(`${place} says: ${line}`);
        }
        const typed: string[] = [];
        for (const { text, echo } of prompts) {
          // Whose question it is, so that a server cannot pass for plim asking for something else.
          const question = `(${place}) ${printable(text.trimEnd())} `;
          typed.push(await (echo ? terminal.ask(question) : terminal.askSecret(question)));
        }
        if (isPassword) passwords.set(place, typed[0] ?? '');
        return typed;
      },
    };
  };
  return {
    answersFor,
    get unanswered() {
      return state.unanswered;
    },
  };
}

/** Yes, no, or the fingerprint itself, which is compared by nobody's eyes then. */
export function hostKeyQuestion(
  terminal: Asking,
  say: (line: string) => void,
): (question: HostKeyQuestion) => Promise<boolean> {
  return async ({ key, sentence }) => {
    say(`${sentence}.`);
    for (;;) {
      const answer = (
        await terminal.ask('Is that the fingerprint you were told? [yes/no/fingerprint] ')
      ).trim();
      if (answer === key.fingerprint) return true;
      if (/^y(es)?$/i.test(answer)) return true;
      if (/^(no?|)$/i.test(answer)) return false;
      if (/^SHA256:/i.test(answer)) {
        say('That is another fingerprint than the one above.');
        return false;
      }
      say("Write 'yes', 'no', or the fingerprint that you were told.");
    }
  };
}
