import { displayWidth, inColumns } from './progress/display-width.js';

/** More would only scroll what was there off the screen. */
const most = 200;

/** Names side by side, down each column like `ls` has them, cut where they are wider than the screen. */
export function inRows(names: readonly string[], columns: number): string {
  const shown = names.slice(0, most);
  const width = Math.min(Math.max(1, columns - 1), Math.max(...shown.map(displayWidth), 1) + 2);
  const across = Math.max(1, Math.floor((columns - 1) / width));
  const down = Math.ceil(shown.length / across);
  const rows = Array.from({ length: down }, (_, row) =>
    shown
      .filter((_, index) => index % down === row)
      .map((name) => inColumns(name, width))
      .join('')
      .trimEnd(),
  );
  const left = names.length - shown.length;
  return [...rows, ...(left > 0 ? [`... and ${left} more`] : [])].join('\n');
}
