import { Fault } from '../fault.js';
import { toBytes, toText, type ByteString } from '../names.js';
import { inBlocks } from '../vfs/blocks.js';
import type { Space } from '../vfs/vfs.js';
import type { Command } from './command.js';
import { parseOptions } from './options.js';

const flags = {
  '-k': 'k',
  '-h': 'human',
  '--human-readable': 'human',
  '-H': 'si',
  '--si': 'si',
  '-i': 'inodes',
  '--inodes': 'inodes',
  '-P': 'portable',
  '--portability': 'portable',
  '-T': 'type',
  '--print-type': 'type',
} as const;

type Flag = (typeof flags)[keyof typeof flags];

const usage = 'df [-k] [-h] [-H] [-i] [-P] [-T] [PATH...]';

/** Lines of one table, which is only printed once the widths of all are known. */
const mostRows = 1000;

/**
 * Free space as a table that programs parse [POSIX XCU df]. The same figures as statvfs, rounded as there, so that no
 * client shows more room than another [PROTOCOL 4.3, 7.4.5].
 */
export const df: Command = {
  async run(args, { vfs, patterns, streams }) {
    const { flags: asked, operands } = parseOptions(args, flags, usage);
    const words = operands.length > 0 ? operands : [{ text: '/', pattern: null }];
    const rows: (readonly string[])[] = [];
    let exitStatus = 0;
    for (const word of words) {
      for (const path of await patterns.expand(word)) {
        if (rows.length >= mostRows) throw new Fault('too-many', `df shows ${mostRows} paths at most`);
        try {
          rows.push(row(await vfs.space(path), asked));
        } catch (thrown) {
          if (!(thrown instanceof Fault) || thrown.code === 'cancelled') throw thrown;
          streams.complain(`df: ${toText(path)}: ${thrown.message}`);
          exitStatus = 1;
        }
      }
    }
    if (rows.length > 0) await streams.write(toBytes(table([header(asked), ...rows])));
    return exitStatus;
  },
};

function header(asked: ReadonlySet<Flag>): readonly string[] {
  const type = asked.has('type') ? ['Type'] : [];
  const rest = ['Mounted on'];
  if (asked.has('inodes')) return ['Filesystem', ...type, 'Inodes', 'IUsed', 'IFree', 'IUse%', ...rest];
  if (asked.has('human') || asked.has('si')) {
    return ['Filesystem', ...type, 'Size', 'Used', 'Avail', 'Use%', ...rest];
  }
  const [blocks, share] = asked.has('portable') ? ['1024-blocks', 'Capacity'] : ['1K-blocks', 'Use%'];
  return ['Filesystem', ...type, blocks, 'Used', 'Available', share, ...rest];
}

function row(space: Space, asked: ReadonlySet<Flag>): readonly string[] {
  const type = asked.has('type') ? ['plimsoll'] : [];
  const people = asked.has('human') ? 1024 : asked.has('si') ? 1000 : null;
  const { total, free } = asked.has('inodes')
    ? { total: space.filesTotal, free: space.filesFree }
    : inBlocks(space, people === null ? 1024 : 1);
  const used = total - free;
  const shown = (value: number): string => (people === null ? String(value) : short(value, people));
  const share = total === 0 ? '-' : `${Math.ceil((used / total) * 100)}%`;
  return ['plimsoll', ...type, shown(total), shown(used), shown(free), share, '/'];
}

/** Three digits or fewer and a letter, rounded down. */
function short(value: number, unit: number): string {
  const letters = ['', unit === 1000 ? 'k' : 'K', 'M', 'G', 'T', 'P', 'E'];
  let size = value;
  let letter = 0;
  while (size >= unit && letter < letters.length - 1) {
    size /= unit;
    letter++;
  }
  const digits = letter > 0 && size < 10 ? (Math.floor(size * 10) / 10).toFixed(1) : String(Math.floor(size));
  return digits + (letters[letter] ?? '');
}

/** Columns as wide as their widest cell: texts to the left, numbers to the right, the last one as it is. */
function table(rows: readonly (readonly string[])[]): ByteString {
  const [first = []] = rows;
  const texts = first.includes('Type') ? 2 : 1;
  const widths = first.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        if (column === cells.length - 1) return cell;
        return column < texts ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
      })
      .join(' ');
  return rows.map((cells) => `${line(cells)}\n`).join('');
}
