import { Fault } from '../../../fault.js';
import { toText } from '../../../names.js';
import { formatSize } from '../../../size.js';
import { flag } from '../../command.js';
import { clientCommand } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { nameDocument } from '../listed-entry.js';
import { walkRemote } from '../read-folder.js';
import { expandRemote } from '../remote-glob.js';
import { resolveRemote, shownRemote } from '../remote-path.js';
import { named, Several } from '../several.js';

export const df = clientCommand({
  name: 'df',
  args: ['[PATH]'],
  completes: ['remote-folder'],
  summary: 'say how much room there is at the server, in KiB',
  examples: ['df -h', 'df -i', 'df -h reports'],
  options: {
    human: flag('-h, --human', 'sizes for people: 99.2 MB'),
    inodes: flag('-i, --inodes', 'files in place of bytes'),
  },
  async run(context) {
    const { args, options, place, printer } = context;
    const [word] = args;
    const path = word ? resolveRemote(word.text, place.remote) : place.remote;
    const shown = word ? toText(word.text) : toText(path);
    await named('df', shown, async () => {
      const remote = await remoteOf(context);
      const space = await remote.space(path);
      if (!space) throw new Fault('unsupported', 'this server does not say how much room there is');
      const { total, free, totalFiles, freeFiles, readOnly } = space;
      const bytes = { total, used: Math.max(0, total - free), free };
      const files =
        totalFiles === null || freeFiles === null
          ? null
          : { total: totalFiles, used: Math.max(0, totalFiles - freeFiles), free: freeFiles };
      const count = (number: number): string =>
        options.inodes
          ? String(number)
          : options.human
            ? formatSize(number)
            : String(Math.floor(number / 1024));
      const row = options.inodes ? files : bytes;
      const width = options.human && !options.inodes ? 9 : 12;
      const heads = [options.inodes ? 'Inodes' : 'Size', 'Used', 'Avail'];
      printer.result({ path: nameDocument(path).name, bytes, files, readOnly }, [
        `${heads.map((head) => head.padStart(width)).join(' ')}    %Capacity`,
        row
          ? `${[row.total, row.used, row.free].map((number) => count(number).padStart(width)).join(' ')}         ${share(row)}`
          : 'this server does not count files',
      ]);
    });
    return undefined;
  },
});

function share({ total, used }: { readonly total: number; readonly used: number }): string {
  return `${total > 0 ? String(Math.ceil((used / total) * 100)).padStart(3) : '  -'}%`;
}

export const du = clientCommand({
  name: 'du',
  args: ['[PATH...]'],
  completes: ['remote'],
  summary: 'sum up the bytes of the files in folders at the server',
  examples: ['du -h', 'du -h reports *.iso'],
  options: { human: flag('-h, --human', 'sizes for people: 99.2 MB') },
  async run(context) {
    const { args, options, place, printer, signal } = context;
    const remote = await remoteOf(context);
    const several = new Several(printer, 'du');
    const paths =
      args.length === 0 ? [place.remote] : await several.expand(args, (word) => expandRemote(word, context));
    const rows: { text: string; size: number; document: object }[] = [];
    for (const path of paths) {
      const shown = path === place.remote ? '.' : shownRemote(path, place.remote);
      await several.attempt(shown, async () => {
        const stat = await remote.stat(path);
        const sum = { size: 0, files: 0, folders: 0 };
        const add = (kind: string, size = 0): void => {
          if (kind === 'folder') sum.folders++;
          else sum.files++;
          if (kind === 'file') sum.size += size;
        };
        add(stat.kind, stat.size);
        if (stat.kind === 'folder') {
          const unreadable = (at: string, thrown: unknown): void => {
            if (at === path) throw thrown;
            several.failed(shownRemote(at, place.remote), thrown);
          };
          for await (const { entry } of walkRemote(remote, path, signal, unreadable)) {
            add(entry.stat.kind, entry.stat.size);
          }
        }
        rows.push({ text: shown, size: sum.size, document: { ...nameDocument(path), ...sum } });
      });
    }
    if (rows.length > 0) {
      const shown = rows.map(({ size }) => (options.human ? formatSize(size) : String(size)));
      const width = shown.reduce((most, { length }) => Math.max(most, length), 0);
      printer.result(
        rows.map(({ document }) => document),
        rows.map(({ text }, index) => `${(shown[index] ?? '').padStart(width)}  ${text}`),
      );
    }
    return several.exit();
  },
});
