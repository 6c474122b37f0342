import type {
  Collision,
  CollisionChoice,
  Decisions,
  Mismatch,
  MismatchChoice,
  TransferSubject,
} from '../../client/transfer.js';
import { formatPart } from '../../client/stopped-transfer.js';
import { Fault } from '../../fault.js';
import { formatSize } from '../../size.js';
import type { Terminal } from '../terminal.js';

/** What becomes of a part that nobody can compare, because the server cannot hash. */
export const unknownChoices = ['resume', 'restart', 'fail'] as const;
export type UnknownChoice = (typeof unknownChoices)[number];

/** What flags say beforehand; `null` where they do not. */
export interface DecisionFlags {
  readonly collision: CollisionChoice | null;
  readonly mismatch: MismatchChoice | null;
  /** Without it `mismatch` holds for these too. */
  readonly unknown: UnknownChoice | null;
}

export interface DecisionsOptions {
  readonly flags: DecisionFlags;
  readonly terminal: Pick<Terminal, 'present' | 'ask'>;
  /** How the target of a transfer is called in sentences. */
  readonly shown: (subject: TransferSubject) => string;
  /** Ends what is being asked. */
  readonly signal: AbortSignal;
}

/**
 * Flags answer at once; else a person is asked, one question at a time however many transfers wait, and may answer for
 * all that follow. Where nobody can be asked, the transfer fails with a sentence that names the flags, and nothing was
 * touched. @throws Fault `exists`, `verification-failed`; `cancelled` for Ctrl-C, then for all that wait too
 */
export function createDecisions({ flags, terminal, shown, signal }: DecisionsOptions): Decisions {
  const ask = asker(terminal, signal);
  let forAll: CollisionChoice | null = flags.collision;
  let mismatchForAll: MismatchChoice | null = flags.mismatch;
  let unknownForAll: UnknownChoice | null = flags.unknown ?? flags.mismatch;

  const decided = (found: Collision): CollisionChoice | null => {
    if (forAll !== 'resume' || found.resumable) return forAll;
    // What was told to be started anew where it differs, differs here already.
    return flags.mismatch === 'restart' ? 'overwrite' : null;
  };

  return {
    collision: async (found) => {
      const choice = decided(found);
      if (choice === 'fail' || (choice === null && !terminal.present)) throw refusal(found, shown(found));
      if (choice !== null) return choice;
      return ask(async (answer) => {
        // Another transfer's answer may have been for all.
        const meanwhile = decided(found);
        if (meanwhile !== null) return meanwhile;
        const given = await answer(collisionQuestion(found, shown(found)), collisionLetters(found));
        if (given.all) forAll = given.choice;
        return given.choice;
      });
    },

    mismatch: async (found) => {
      const decidedFor = (): MismatchChoice | UnknownChoice | null =>
        found.finding === 'differs' ? mismatchForAll : unknownForAll;
      const choice = decidedFor();
      if (choice === 'fail' || (choice === null && !terminal.present)) throw difference(found, shown(found));
      if (choice !== null) return choice;
      return ask(async (answer) => {
        const meanwhile = decidedFor();
        if (meanwhile !== null) return meanwhile;
        const given = await answer(mismatchQuestion(found, shown(found)), mismatchLetters[found.finding]);
        if (given.all && found.finding === 'unknown') unknownForAll = given.choice;
        if (given.all && given.choice !== 'resume') mismatchForAll = given.choice;
        if (given.choice === 'fail') throw difference(found, shown(found));
        return given.choice;
      });
    },
  };
}

type Answer = <T extends string>(
  question: string,
  letters: Readonly<Record<string, T>>,
) => Promise<{ readonly choice: T; readonly all: boolean }>;

/** One question after the other; who gives up one, gives up those that wait. */
function asker(
  terminal: DecisionsOptions['terminal'],
  signal: AbortSignal,
): <T>(conversation: (answer: Answer) => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let givenUp: Fault | null = null;
  const answer: Answer = async (question, letters) => {
    for (;;) {
      const typed = (await terminal.ask(`${question} `, signal)).trim();
      const given = understood(typed, letters);
      if (given) return given;
    }
  };
  return (conversation) => {
    const turn = last.then(async () => {
      if (givenUp) throw givenUp;
      try {
        return await conversation(answer);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === 'cancelled') givenUp = thrown;
        throw thrown;
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** `r`, `resume`; for all that follow `R`, `ar`, `all resume`. `null` for anything else. */
function understood<T extends string>(
  typed: string,
  letters: Readonly<Record<string, T>>,
): { readonly choice: T; readonly all: boolean } | null {
  const match = /^(?:(a|all)\s*)?([a-z]+)$/i.exec(typed);
  if (!match) return null;
  const word = match[2] ?? '';
  for (const [letter, choice] of Object.entries(letters)) {
    if (word === letter || word === choice) return { choice, all: match[1] !== undefined };
    if (word === letter.toUpperCase()) return { choice, all: true };
  }
  return null;
}

function collisionLetters({ resumable }: Collision): Readonly<Record<string, CollisionChoice>> {
  return { ...(resumable && { r: 'resume' }), o: 'overwrite', n: 'rename', s: 'skip' };
}

function collisionQuestion(found: Collision, name: string): string {
  const { there, total, resumable } = found;
  const at =
    total === null ? formatPart(there, null) : `${percentOf(there, total)} % (${formatPart(there, total)})`;
  const resume = resumable ? `resume at ${at}, ` : '';
  return (
    `${name} is there already: ${resume}overwrite, rename, skip? ` +
    `[${Object.keys(collisionLetters(found)).join('/')}, a capital letter for all]`
  );
}

function refusal({ there, total, resumable }: Collision, name: string): Fault {
  const flags = `${resumable ? '--resume, ' : ''}--overwrite, --rename or --skip`;
  return new Fault(
    'exists',
    resumable
      ? `${name} is there already (${formatPart(there, total)}), and was left as it is: add ${flags}`
      : `${name} is there already (${formatSize(there)}, more than the source has), and was left as it is: add ${flags}`,
  );
}

const mismatchLetters = {
  differs: { r: 'restart', s: 'fail', stop: 'fail' },
  unknown: { c: 'resume', r: 'restart', s: 'fail', stop: 'fail', continue: 'resume' },
} as const satisfies Record<Mismatch['finding'], Readonly<Record<string, MismatchChoice | 'resume'>>>;

function mismatchQuestion({ there, finding }: Mismatch, name: string): string {
  return finding === 'differs'
    ? `${name}: the ${formatSize(there)} that are there differ from the source: restart, stop? [r/s, a capital letter for all]`
    : `${name}: the server cannot hash, so nobody knows whether the ${formatSize(there)} that are there are the ` +
        'beginning of the source: continue, restart, stop? [c/r/s, a capital letter for all]';
}

function difference({ there, finding }: Mismatch, name: string): Fault {
  return new Fault(
    'verification-failed',
    finding === 'differs'
      ? `${name}: the ${formatSize(there)} that are there differ from the source, and were not extended: ` +
          'start anew with --on-mismatch restart'
      : `${name}: the server cannot hash, so nobody knows whether the ${formatSize(there)} that are there are the ` +
          'beginning of the source; they were not extended: add --on-unknown resume, or --on-unknown restart',
  );
}

/** Whole percents, rounded down: 100 only when all is there. */
function percentOf(there: number, total: number): number {
  return there >= total ? 100 : Math.floor((there / total) * 100);
}
