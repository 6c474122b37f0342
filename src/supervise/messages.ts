import type { Address } from '../config/address.js';
import type { Stored } from '../config/setting.js';
import type { SettingName } from '../config/settings.js';
import type { FaultCode } from '../fault.js';

/** The name in a worker's environment under which it finds what it was given. */
export const givenName = 'PLIMSOLL_SUPERVISED';

/** What a worker is started with. It reads no setting itself: the file may have changed since the others were started. */
export interface Given {
  /** The process that starts it. */
  readonly supervisor: number;
  /** The settings in force, as they are written. */
  readonly stored: Readonly<Record<SettingName, Stored>>;
}

/** What a worker says. */
export type FromWorker =
  | { readonly listening: readonly Address[] }
  /** The last words of one that cannot serve, or did not come to a clean end. */
  | { readonly failed: { readonly code: FaultCode; readonly message: string } }
  /** It got a signal, which is for all of them. */
  | { readonly asked: string };

/** What a worker is told. */
export type ToWorker = { readonly stop: true };
