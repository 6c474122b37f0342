import { findRoot } from '../../admin/root.js';
import { statusOf } from '../../admin/status-of.js';
import type { Status } from '../../admin/status.js';
import { formatSize } from '../../size.js';
import { command } from '../command.js';
import { exits } from '../exit.js';

export const status = command({
  name: 'status',
  summary: 'say which servers run on this root, and what they do',
  options: {},
  async run({ folder, printer }) {
    const root = findRoot(folder);
    const now = await statusOf(root);
    if (!now) {
      printer.result({ running: false, root: root.path }, [`no server runs on ${root.path}`]);
      return exits['no connection'];
    }
    // A block for each process, one line apart.
    const blocks = (now.processes ?? [now]).map(blockOf);
    printer.result(
      now,
      blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block])),
    );
    return undefined;
  },
});

function blockOf(now: Status): readonly string[] {
  const { counts, supervisor } = now;
  const started = supervisor === undefined ? '' : `, a worker of process ${supervisor}`;
  return [
    `plimsoll ${now.version} serves ${now.root} on ${now.listening.join(', ')}`,
    `process ${now.pid}${started}, since ${now.since}`,
    `${counts.connections} connections open, ${now.sessions.length} of them logged in`,
    `${counts.loginsSucceeded} logins, ${counts.loginsFailed} refused`,
    `${formatSize(counts.bytesRead)} sent, ${formatSize(counts.bytesWritten)} received`,
    ...now.sessions.map(
      ({ account, view, address, since, client }) =>
        `  ${account}${view === 'homes' ? '+admin' : ''} from ${address} since ${since} (${client})`,
    ),
  ];
}
