import { findRoot } from '../../admin/root.js';
import { statusOf } from '../../admin/service.js';
import { formatSize } from '../../size.js';
import { command } from '../command.js';
import { exits } from '../exit.js';

export const status = command({
  name: 'status',
  summary: 'say whether a server runs on this root, and what it does',
  options: {},
  async run({ folder, printer }) {
    const root = findRoot(folder);
    const now = await statusOf(root);
    if (!now) {
      printer.result({ running: false, root: root.path }, [`no server runs on ${root.path}`]);
      return exits['no connection'];
    }
    const { counts } = now;
    printer.result(now, [
      `plimsoll ${now.version} serves ${now.root} on ${now.listening.join(', ')}`,
      `process ${now.pid}, since ${now.since}`,
      `${counts.connections} connections open, ${now.sessions.length} of them logged in`,
      `${counts.loginsSucceeded} logins, ${counts.loginsFailed} refused`,
      `${formatSize(counts.bytesRead)} sent, ${formatSize(counts.bytesWritten)} received`,
      ...now.sessions.map(
        ({ account, view, address, since, client }) =>
          `  ${account}${view === 'homes' ? '+admin' : ''} from ${address} since ${since} (${client})`,
      ),
    ]);
    return undefined;
  },
});
