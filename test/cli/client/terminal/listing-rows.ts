import { join } from 'node:path';
import { utimesSync } from 'node:fs';
import { row, write, type Row, type Sides } from './row.js';

/** By name, size, time and their reverses these come in different orders. */
function threeFiles(folder: string): void {
  write(folder, {
    'three/.dot': 'd',
    'three/axe': 'a'.repeat(20),
    'three/bow': 'b'.repeat(3000),
    'three/cup': 'c',
  });
  const years = { axe: 2001, bow: 2021, cup: 2011 };
  for (const [name, year] of Object.entries(years)) {
    const time = new Date(`${year}-06-15T12:00:00Z`);
    utimesSync(join(folder, 'three', name), time, time);
  }
}

const inOrder = (...names: readonly string[]): RegExp => new RegExp(names.join('\\b[^.]*\\b'));

/** What each option makes of a listing; `dir`, `lls` and `ldir` take the same. */
const options: readonly (readonly [option: string, shows: RegExp])[] = [
  ['-l', /-rw\S+ +\S+ +\S+ +\S+ +3000 Jun 15 {2}2021 bow/],
  ['--long', /-rw\S+ +\S+ +\S+ +\S+ +3000 Jun 15 {2}2021 bow/],
  ['-a', /\.dot\b/],
  ['--all', /\.dot\b/],
  ['-lh', / 3 KB .* bow/],
  ['-l --human', / 3 KB .* bow/],
  ['-t', inOrder('bow', 'cup', 'axe')],
  ['--time', inOrder('bow', 'cup', 'axe')],
  ['-S', inOrder('bow', 'axe', 'cup')],
  ['--size', inOrder('bow', 'axe', 'cup')],
  ['-r', inOrder('cup', 'bow', 'axe')],
  ['--reverse', inOrder('cup', 'bow', 'axe')],
  ['-1', /axe\s*\n[^]*bow\s*\n[^]*cup\s*\n/],
  ['--one', /axe\s*\n[^]*bow\s*\n[^]*cup\s*\n/],
  ['-n', /-rw\S+ +\S+ +\d+ +\d+ +3000 .* bow/],
  ['--numeric', /-rw\S+ +\S+ +\d+ +\d+ +3000 .* bow/],
  ['-f', /(?=[^]*axe)(?=[^]*bow)(?=[^]*cup)/],
  ['--unsorted', /(?=[^]*axe)(?=[^]*bow)(?=[^]*cup)/],
];

/** The same, several in a line. */
const together: readonly (readonly [options: string, shows: RegExp])[] = [
  ['-lahS', /\.dot\b/],
  ['-1 -lhS', / 3 KB .* bow[^]* axe[^]* cup/],
  ['-ltr', inOrder('axe', 'cup', 'bow')],
  ['-n -f', /-rw\S+ +\S+ +\d+ +\d+ +3000 .* bow/],
  ['--long --all --human --size', / 3 KB .* bow[^]* axe[^]* cup/],
  ['--time --reverse --one', inOrder('axe', 'cup', 'bow')],
  ['--numeric --unsorted', /-rw\S+ +\S+ +\d+ +\d+ +3000 .* bow/],
];

const commands = [
  { name: 'ls', side: 'there', usually: /axe +bow +cup/, options },
  { name: 'dir', side: 'there', usually: /-rw\S+ .* 3000 .* bow/, options: together },
  { name: 'lls', side: 'here', usually: /axe +bow +cup/, options: together },
  { name: 'ldir', side: 'here', usually: /-rw\S+ .* 3000 .* bow/, options: together },
] as const;

export const listingRows: readonly Row[] = commands.flatMap(({ name, side, usually, options: each }) => {
  const before = (sides: Sides): void => threeFiles(sides[side]);
  return [
    row(`${name} three`, { before, shows: usually }),
    ...each.map(([option, shows]) => row(`${name} ${option} three`, { before, shows })),
    row(`${name} three/[ac]*`, { before, shows: /three\/axe[^b]*three\/cup/ }),
    row(`${name} nowhere`, { fails: /nowhere.*(no such|not there)/ }),
  ];
});
