/** Shown in two columns: East Asian wide and full-width characters, and emoji. [Unicode UAX 11] */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

const graphemes = new Intl.Segmenter();

/** Columns that a text takes on a terminal, where each cluster is drawn as one character or two. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOf(segment);
  return width;
}

/** The text in so many columns exactly: filled up with spaces, or with its middle left out. */
export function inColumns(text: string, columns: number): string {
  const width = displayWidth(text);
  const shown = width <= columns ? text : shortened(text, columns);
  return shown + ' '.repeat(Math.max(0, columns - displayWidth(shown)));
}

/** Keeps both ends: files of one folder often differ in the last characters only. */
function shortened(text: string, columns: number): string {
  const clusters = [...graphemes.segment(text)].map(({ segment }) => segment);
  const gap = columns < 8 ? '' : '...';
  const room = columns - gap.length;
  const head = taken(clusters, gap === '' ? room : Math.ceil(room / 2));
  if (gap === '') return head.join('');
  const tail = taken([...clusters].reverse(), room - displayWidth(head.join(''))).reverse();
  return [...head, gap, ...tail].join('');
}

function taken(clusters: readonly string[], columns: number): string[] {
  const kept: string[] = [];
  let used = 0;
  for (const cluster of clusters) {
    used += widthOf(cluster);
    if (used > columns) break;
    kept.push(cluster);
  }
  return kept;
}

function widthOf(cluster: string): number {
  if (wide.test(cluster)) return 2;
  return /^[\p{M}\p{Cf}]*$/u.test(cluster) ? 0 : 1;
}
