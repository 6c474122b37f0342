import type { Command } from './command.js';

/** Every command that is served, by its name: ONE row for each. */
export const commands = {} as const satisfies Readonly<Record<string, Command>>;
