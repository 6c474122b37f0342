import { Fault } from '../../../fault.js';
import { toText } from '../../../names.js';
import { clientCommand } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import type { ProgressMode } from '../progress/bars.js';

export const version = clientCommand({
  name: 'version',
  summary: 'print the versions of plim, of SFTP and of the server',
  examples: ['version'],
  options: {},
  async run(context) {
    const { version: client, printer } = context;
    const { facts } = await remoteOf(context);
    printer.result({ client, protocol: facts.version, server: facts.ident }, [
      `plim ${client}`,
      `SFTP protocol version ${facts.version}`,
      `server ${facts.ident}`,
    ]);
    return undefined;
  },
});

/** What may be written behind `progress`. */
const modes: Readonly<Record<string, ProgressMode>> = {
  on: 'bar',
  bar: 'bar',
  plain: 'plain',
  off: 'none',
  none: 'none',
};

export const progress = clientCommand({
  name: 'progress',
  args: ['[on|off|plain]'],
  completes: ['nothing'],
  summary: 'show transfers as they go on, or stop showing them',
  examples: ['progress', 'progress off'],
  options: {},
  offline: true,
  run({ args, bars, printer }) {
    const [word] = args;
    const shown = bars.possible ? 'bar' : 'plain';
    const asked = word && toText(word.text);
    const mode = asked === undefined ? (bars.mode === 'none' ? shown : 'none') : modes[asked];
    if (mode === undefined) throw new Fault('invalid', `progress '${asked ?? ''}': write on, off or plain`);
    bars.mode = mode === 'bar' ? shown : mode;
    const on = bars.mode !== 'none';
    printer.result({ progress: bars.mode }, [`progress is ${on ? 'shown' : 'not shown'}`]);
    return Promise.resolve(undefined);
  },
});

export const quit = clientCommand({
  name: 'quit',
  aliases: ['bye', 'exit'],
  summary: 'leave',
  examples: ['quit'],
  options: {},
  offline: true,
  ends: true,
  run({ printer }) {
    printer.result({ outcome: 'goodbye' }, []);
    return Promise.resolve(undefined);
  },
});
