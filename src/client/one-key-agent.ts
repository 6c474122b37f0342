import ssh2, {
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';

/** Signs for one public key; asked only once the server has said that it takes the key. [RFC 4252 7] */
export type Sign = (data: Buffer, hash: 'sha256' | 'sha512' | undefined) => Promise<Buffer>;

/**
 * An agent with a single key. ssh2 wants a key file's private half before it asks the server about the public one, and
 * goes through an agent's keys without telling; with an agent for each key a passphrase is asked for only where it
 * is needed, and every answer of the server is seen.
 */
export class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #publicKey: ParsedKey;
  readonly #sign: Sign;

  constructor(publicKey: ParsedKey, sign: Sign) {
    super();
    this.#publicKey = publicKey;
    this.#sign = sign;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(null, [this.#publicKey]);
  }

  override sign(
    _publicKey: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#sign(data, hash === 'sha256' || hash === 'sha512' ? hash : undefined)
      .then(
        (signature) => done?.(null, signature),
        (error: unknown) => done?.(error as Error),
      )
      // The connection ended meanwhile, and nobody waits for the signature.
      .catch(() => undefined);
  }
}

/** Signs with an opened private key. */
export function signer(key: ParsedKey): Sign {
  return (data, hash) =>
    new Promise((resolve, reject) => {
      const signature = key.sign(data, hash) as Buffer | Error;
      if (signature instanceof Error) reject(signature);
      else resolve(signature);
    });
}
