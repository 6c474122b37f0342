import type { Account } from '../store/accounts.js';

/** Who is asking, for limits and the log. */
export interface Peer {
  readonly address: string;
  readonly connection: string;
  /** Whom the address stands for, wherever many are counted as one: of IPv6 a whole /64. */
  readonly source: string;
  /** Aborts when the connection ends or is logged in: no answer is waited for any more. */
  readonly gone: AbortSignal;
}

export type LoginMethod = 'none' | 'password' | 'publickey';

/** A login that was granted. */
export interface Login {
  readonly account: Account;
  /** `homes` for an admin who logged in as `NAME+admin`. */
  readonly view: 'own' | 'homes';
  readonly method: LoginMethod;
  readonly fingerprint: string | null;
}

export type Decision =
  | { readonly granted: true; readonly login: Login }
  | {
      readonly granted: false;
      /** For the log and the audit; never sent. */
      readonly reason: string;
      /** A sentence for the user, present only after the right credential (A2). */
      readonly tell?: string;
    };

/** A public key as USERAUTH_REQUEST carries it (RFC 4252 7). */
export interface KeyOffer {
  /** The algorithm the client named: `ssh-ed25519`, `rsa-sha2-512`, ... `ssh-rsa` is SHA-1 and refused. */
  readonly algorithm: string;
  readonly blob: Buffer;
  /**
   * Absent in a probe: the client asks whether the key would do. `signed` is what the signature has to cover,
   * `signature` is as it came, unchecked: `string algorithm, string signature` [RFC 4253 6.6].
   */
  readonly proof?: { readonly signed: Buffer; readonly signature: Buffer };
}

/**
 * Decides who may log in (RFC 4252). Each call stands alone: no answer depends on what the same connection offered
 * before. An unknown user, a wrong password and a locked account take the same time and get the same answer (A2).
 */
export interface Authenticator {
  /** Methods that can continue, the same for every user name but the anonymous ones. */
  methods(user: string): readonly LoginMethod[];
  none(user: string, peer: Peer): Promise<Decision>;
  password(user: string, password: string, peer: Peer): Promise<Decision>;
  /** A probe that is granted means PK_OK and never a login: only an offer with `proof` logs in [RFC 4252 7]. */
  publickey(user: string, offer: KeyOffer, peer: Peer): Promise<Decision>;
}
