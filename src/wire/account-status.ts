/** The answer to `account-status@plimsoll`, as JSON [PROTOCOL 5]. */
export interface AccountStatus {
  readonly account: string;
  readonly role: 'user' | 'admin';
  readonly state: 'active';
  /** ISO 8601, UTC; `null` for never. */
  readonly expires: string | null;
  /** The login before this one. */
  readonly lastLogin: string | null;
  readonly readOnly: boolean;
  readonly home: {
    readonly bytes: { readonly used: number; readonly limit: number | null };
    readonly files: { readonly used: number; readonly limit: number | null };
  };
  readonly limits: {
    readonly handles: number;
    readonly channels: number;
    readonly maxRead: number;
    readonly maxWrite: number;
  };
  readonly product: string;
  readonly version: string;
  readonly platform: string;
}
