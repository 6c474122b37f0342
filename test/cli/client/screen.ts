/**
 * What a terminal shows after all that was written to it: rows and a cursor, and the few control sequences that are
 * used here [ECMA-48]. Any other one throws, so that no test passes because something was overlooked.
 */
export class Screen {
  #columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(columns: number) {
    this.#columns = columns;
  }

  resize(columns: number): void {
    this.#columns = columns;
  }

  /** Rows without the spaces at their ends. */
  get lines(): readonly string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell: string | undefined) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  write(text: string): void {
    let left = this.#rest + text;
    this.#rest = '';
    while (left !== '') {
      const control = /^\x1b\[([?\d;]*)([A-Za-z])/.exec(left);
      if (control) {
        this.#control(control[2] ?? '', control[1] ?? '');
        left = left.slice(control[0].length);
      } else if (/^\x1b(\[[?\d;]*)?$/.test(left)) {
        this.#rest = left;
        return;
      } else {
        const char = String.fromCodePoint(left.codePointAt(0) ?? 0);
        this.#put(char);
        left = left.slice(char.length);
      }
    }
  }

  #put(char: string): void {
    if (char === '\r') this.#column = 0;
    else if (char === '\n') this.#down();
    else if (char === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (char === '\u0007') return;
    else if (char < ' ') throw new Error(`the terminal got the control character ${JSON.stringify(char)}`);
    else {
      // A full row only wraps once there is more.
      if (this.#column >= this.#columns) {
        this.#column = 0;
        this.#down();
      }
      this.#here()[this.#column++] = char;
    }
  }

  #control(letter: string, numbers: string): void {
    const first = Number(numbers || NaN);
    const count = Number.isNaN(first) ? 1 : first;
    if (letter === 'A') this.#row = Math.max(0, this.#row - count);
    else if (letter === 'B') for (let step = 0; step < count; step++) this.#down();
    else if (letter === 'C') this.#column = Math.min(this.#columns - 1, this.#column + count);
    else if (letter === 'D') this.#column = Math.max(0, this.#column - count);
    else if (letter === 'G') this.#column = count - 1;
    else if (letter === 'K' && !(first > 0))
      this.#here().length = Math.min(this.#here().length, this.#column);
    else if (letter === 'J' && !(first > 0)) {
      this.#here().length = Math.min(this.#here().length, this.#column);
      this.#rows.length = this.#row + 1;
    } else if (letter !== 'm' && letter !== 'h' && letter !== 'l') {
      throw new Error(`the terminal got a sequence it does not know: ESC [ ${numbers}${letter}`);
    }
  }

  #down(): void {
    this.#row++;
    this.#here();
  }

  #here(): string[] {
    return (this.#rows[this.#row] ??= []);
  }
}
