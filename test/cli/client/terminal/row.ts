import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const siteNames = ['plimsoll', 'OpenSSH', 'OpenSSH without a shell'] as const;
export type SiteName = (typeof siteNames)[number];

/** The same files as both sides know them. */
export interface Sides {
  readonly site: SiteName;
  /** The person's folder. */
  readonly here: string;
  /** The server's folder that the session begins in, on this disk. */
  readonly there: string;
  /** What the server calls it. */
  readonly home: string;
}

/** What differs between the servers. */
export type PerSite<T> = Readonly<Record<SiteName, T>>;

/** Lines that a person types at the prompt, and what must come of them; both folders hold `usual` files before. */
export interface Row {
  /** One after the other. The last ones bring the person back to where the session began. */
  readonly typed: readonly string[];
  readonly before?: (sides: Sides) => void;
  /** What is asked in between, and the keys for it. */
  readonly answers?: readonly (readonly [asked: RegExp, keys: string])[];
  /** Of all that was on the screen. */
  readonly shows?: RegExp | PerSite<RegExp>;
  /** A failure is told, which is none otherwise: what it says. */
  readonly fails?: RegExp;
  readonly after?: (sides: Sides, shown: string) => void;
  /** The servers that it is for; all that have a shell or hash files themselves, unless told. */
  readonly only?: readonly SiteName[];
}

export const row = (typed: string | readonly string[], more: Omit<Row, 'typed'>): Row => ({
  typed: typeof typed === 'string' ? [typed] : typed,
  ...more,
});

export type Files = Readonly<Record<string, string | Buffer>>;

export function write(folder: string, files: Files): void {
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), data);
  }
}

export const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'latin1');
export const names = (folder: string, inside = '.'): readonly string[] =>
  readdirSync(join(folder, inside)).sort();
export const mode = (folder: string, name: string): number => statSync(join(folder, name)).mode & 0o777;

/** What both sides hold when a row begins. */
export const usual = {
  there: { '.hidden': 'h', 'docs/a.txt': 'a', 'docs/b.txt': 'bb', 'notes.txt': 'notes' },
  here: { '.mine': 'm', 'photos/1.jpg': '1', 'photos/more/2.jpg': '22', 'report.txt': 'report' },
} as const satisfies Record<string, Files>;

export function freshFiles({ here, there }: Pick<Sides, 'here' | 'there'>): void {
  for (const [folder, files] of [
    [here, usual.here],
    [there, usual.there],
  ] as const) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    write(folder, files);
  }
  mkdirSync(join(there, 'empty'));
}
