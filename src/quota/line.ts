/** The load line of a home with the defaults filled in; `null` is no limit. */
export interface Line {
  readonly bytes: number | null;
  readonly files: number | null;
}
