import { clientCommand, type AnyClientCommand, type ClientCommand } from '../command.js';
import { readFlags, transferOptions } from './flags.js';
import type { Plan, StreamPlan } from './plan.js';
import { planGet } from './plan-get.js';
import { planPut } from './plan-put.js';
import { runTransfers, type TransferContext } from './run.js';
import { runGetStream, runPutStream } from './stream.js';

interface Declared extends Pick<ClientCommand, 'name' | 'summary' | 'examples'> {
  readonly direction: 'get' | 'put';
  /** Two words are two sources, unless the last is a folder: `mget`, `mput`. */
  readonly several?: boolean;
  /** What is there is resumed without a flag: `reget`, `reput`. */
  readonly resumes?: boolean;
}

const sides = {
  get: {
    args: ['<REMOTE>', '[REMOTE|LOCAL...]'],
    completes: ['remote', 'local'],
    plan: planGet,
    stream: runGetStream,
  },
  put: {
    args: ['<LOCAL>', '[LOCAL|REMOTE...]'],
    completes: ['local', 'remote'],
    plan: planPut,
    stream: runPutStream,
  },
} as const;

/** One of the commands that move files: they differ in direction, in how words are read, and in what they begin with. */
export function transferCommand(declared: Declared): AnyClientCommand {
  const { name, summary, examples, direction, several = false, resumes = false } = declared;
  const { args, completes, plan, stream } = sides[direction];
  return clientCommand({
    name,
    summary,
    examples,
    args,
    completes: several ? completes.slice(0, 1) : completes,
    options: transferOptions,
    run: async (typed) => {
      const context: TransferContext = resumes ? resuming(typed) : typed;
      // Wrong usage is told before any server is asked.
      readFlags(context.options, context.globals);
      const planned: Plan | StreamPlan = await plan(context, several);
      if ('stream' in planned) return stream(context, planned.stream);
      return runTransfers(context, planned, resumes ? direction : name);
    },
  });
}

/** `--overwrite` and the like still say otherwise. */
function resuming(context: TransferContext): TransferContext {
  const { overwrite, rename, skip } = context.options;
  return { ...context, options: { ...context.options, resume: !(overwrite || rename || skip) } };
}
