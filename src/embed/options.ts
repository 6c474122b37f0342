import type { Stored } from '../config/setting.js';
import type { SettingName } from '../config/settings.js';
import type { Vfs } from '../vfs/vfs.js';

/**
 * What an embedded server is made of. A wrong or unknown option is refused by `createServer`, in a sentence; folders, and
 * the files in the folder of keys, by `listen`, which is the first to look at them.
 */
export interface ServerOptions {
  /** Who may log in, by name: letters, digits, `. _ @ -`, 64 at most, unique regardless of case. */
  readonly accounts?: Readonly<Record<string, AccountOptions>>;
  /** Decides about the names that `accounts` does not have. */
  readonly authenticate?: Authenticate;
  /**
   * The files of accounts that name none of their own. A `Vfs` is one home that all of them share; it is never closed.
   * A function makes one for each connection, and that one is closed when the connection ends. Each has a ledger of its own:
   * the line holds for those together that get the same object.
   */
  readonly vfs?: Vfs | ((account: AccountName) => Vfs | Promise<Vfs>);
  /** A folder of the host; where there is no `vfs`, each account has a folder of its name in it, made at first use. */
  readonly homes?: string;
  /**
   * Private keys by which clients know this server, as OpenSSH or PEM text without a passphrase, one of each type, best
   * first. With neither this nor `keys` there is a new one at each start, and clients that know the old one refuse it.
   */
  readonly hostKey?: string | Buffer | readonly (string | Buffer)[];
  /** A folder for host keys, which is made, and filled with an ed25519 and an RSA key, where they are missing. */
  readonly keys?: string;
  /** Settings of the server by their names in `docs/configuration.md`, as values or as text. */
  readonly settings?: EmbeddedSettings;
  /** How the server names its software to clients, without `SSH-2.0-`; `Plimsoll_VERSION` if absent. */
  readonly ident?: string;
}

/** The settings that mean something to an embedded server: it has no log, and is told where to listen by `listen`. */
export type EmbeddedSetting = Exclude<
  SettingName,
  'listen' | 'workers' | `log.${string}` | `audit.${string}` | `anonymous.${string}`
>;

export type EmbeddedSettings = { readonly [Name in EmbeddedSetting]?: Stored };

export interface AccountName {
  readonly name: string;
}

/** One account. Without any password and key nobody can log in to it. */
export interface AccountOptions {
  readonly password?: string;
  /** In place of `password`: `$scrypt$ln=16,r=8,p=1$salt$hash`, as the server's own accounts have it. */
  readonly passwordHash?: string;
  /** Public keys, each a line as it stands in an authorized_keys file, without options. */
  readonly keys?: readonly string[];
  /**
   * The line of the home, which nobody passes: bytes, `100MB`, `100MiB`; `none` or `null` for no line. If absent, what the
   * setting `quota.bytes` says: 100 MB. Accounts that share a folder or a `Vfs` share its line.
   */
  readonly quota?: string | number | null;
  /** Files and folders that the home may hold; `none` or `null` for any number, which is the default of `quota.files`. */
  readonly files?: number | 'none' | null;
  readonly readOnly?: boolean;
  /** From when on nobody may log in: a `Date`, `2027-01-31` (in UTC) or `2027-01-31T18:00:00Z`. */
  readonly expires?: Date | string;
  /** A folder of the host, which must be there. */
  readonly home?: string;
  /** As `ServerOptions.vfs`, for this account alone. */
  readonly vfs?: Vfs | (() => Vfs | Promise<Vfs>);
}

/**
 * Says who may log in; what it throws is a refusal, whose reason the event `login.failed` tells. `true` is a grant
 * without particulars; `false` and `null` refuse. It is asked about public keys too, and `true` accepts the very key that
 * was offered: whoever looks at `user` alone, and not at `method` and `key`, lets any key in. Asked for names that can be
 * an account's alone, and never with an empty password. Answers should cost the same time whether or not a user is known,
 * or they tell who is.
 */
export type Authenticate = (
  request: LoginRequest,
) => boolean | Grant | null | Promise<boolean | Grant | null>;

/** One attempt to log in. */
export interface LoginRequest {
  readonly user: string;
  /**
   * `none` offers no credential at all: clients begin with it. It is granted by a `Grant` only, never by `true`, so that
   * a comparison of what is missing with what is missing lets nobody in.
   */
  readonly method: 'password' | 'publickey' | 'none';
  /** What was typed; empty for the other methods. */
  readonly password: string;
  /**
   * `null` for the other methods. Whoever knows a public key can ask whether it would do; that the client has the
   * private one is verified before a login counts, and is no matter of this function.
   */
  readonly key: OfferedKey | null;
  readonly address: string;
  /** The connection's id, as events carry it. */
  readonly connection: string;
}

export interface OfferedKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... */
  readonly type: string;
  /** `SHA256:...`, as OpenSSH prints it. */
  readonly fingerprint: string;
  /** The public key as it is on the wire [RFC 4253 6.6]. */
  readonly blob: Buffer;
  /** `ssh-ed25519 AAAA...`: what stands in an authorized_keys file. */
  readonly line: string;
}

/**
 * What a login gets. Sessions of one name are one account: the latest grant holds for all of them, and those whose
 * folder on disk is another one end.
 */
export interface Grant {
  /** The account's name; the user's if absent. Not one of `accounts`. */
  readonly name?: string;
  readonly quota?: AccountOptions['quota'];
  readonly files?: AccountOptions['files'];
  readonly readOnly?: boolean;
  readonly home?: string;
  readonly vfs?: AccountOptions['vfs'];
}

/** Where to listen: a port of 127.0.0.1, an address, or `HOST:PORT`; port 0 picks one. */
export type ListenOn = number | string | { readonly host?: string; readonly port: number };
