import type { Command } from './command.js';
import { echo } from './echo.js';

/** Every command that is served, by its name: ONE row for each. */
export const commands = { echo } as const satisfies Readonly<Record<string, Command>>;
