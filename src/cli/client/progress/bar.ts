import ProgressBar from 'progress';

/**
 * The bar alone, in so many columns. The package draws it; everything around it is ours, since the package counts names
 * in UTF-16 units, replaces `:bar` inside of a file's name, fails for empty files and unknown widths, and takes a
 * resumed part for what has moved.
 * @param ratio from 0 to 1
 */
export function bar(ratio: number, columns: number): string {
  let drawn = '';
  const stream = {
    isTTY: true,
    // On Windows it leaves the last column free.
    columns: columns + 1,
    cursorTo: () => undefined,
    clearLine: () => undefined,
    write: (text: string) => (drawn = text),
  };
  const made = new ProgressBar(':bar', {
    stream: stream as unknown as NodeJS.WritableStream,
    total: 1,
    curr: ratio,
    width: columns,
    complete: '=',
    head: ratio < 1 ? '>' : '=',
    incomplete: ' ',
    renderThrottle: 0,
  });
  made.render();
  return drawn;
}
