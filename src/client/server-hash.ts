import { hashLength, type HashAlgorithm } from '../hash/algorithms.js';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { Reader } from '../wire/reader.js';
import type { PreparedHash, Range, RemoteHash, RemoteOutput } from './remote.js';
import type { Session } from './session.js';
import { quoted } from './shell-words.js';

export interface HashSources {
  readonly session: Session;
  readonly has: (extension: string) => boolean;
  readonly exec: (command: ByteString, signal?: AbortSignal, go?: Promise<void>) => Promise<RemoteOutput>;
}

/** What a server has shown that it cannot do; asked again it would only cost time. */
export class ServerHashes {
  readonly #sources: HashSources;
  #checkFile: boolean;
  #md5Hash: boolean;
  #shell = true;

  constructor(sources: HashSources) {
    this.#sources = sources;
    const { has } = sources;
    this.#checkFile = has('check-file') || has('check-file-name');
    this.#md5Hash = has('md5-hash');
  }

  /** Whether a hash costs one request, and not a program started at the server. */
  isCheap(algorithm: HashAlgorithm): boolean {
    return this.#checkFile || (this.#md5Hash && algorithm === 'md5');
  }

  async hash(path: ByteString, algorithm: HashAlgorithm, range: Range): Promise<RemoteHash | null> {
    if (this.#checkFile) {
      const hash = await unlessUnsupported(() => this.#byCheckFile(path, algorithm, range));
      if (hash) return { algorithm, hash, by: 'check-file' };
      this.#checkFile = false;
    }
    if (this.#md5Hash && algorithm === 'md5') {
      const hash = await unlessUnsupported(() => this.#byMd5Hash(path, range));
      if (hash) return { algorithm, hash, by: 'md5-hash' };
      this.#md5Hash = false;
    }
    const hash = this.#shell ? await this.#byShell(path, algorithm, range) : null;
    return hash && { algorithm, hash, by: 'shell' };
  }

  /** A shell that waits for its word to make the hash of a whole file; `null` where none is needed or there. */
  prepare(path: ByteString, algorithm: HashAlgorithm): PreparedHash | null {
    if (this.isCheap(algorithm) || !this.#shell) return null;
    const abort = new AbortController();
    let go = (): void => undefined;
    const word = new Promise<void>((resolve) => (go = resolve));
    const made = this.#byShell(path, algorithm, { start: 0, length: 0 }, { signal: abort.signal, word });
    made.catch(() => undefined);
    return {
      make: async () => {
        go();
        const hash = await made;
        return hash && { algorithm, hash, by: 'shell' };
      },
      drop: () => abort.abort(),
    };
  }

  /** [filexfer-09 9.1.2] in whichever of its dialects the server answers. */
  async #byCheckFile(path: ByteString, algorithm: HashAlgorithm, range: Range): Promise<Buffer> {
    const reply = await this.#sources.session.get(
      'check-file-name',
      { kind: 'check-file-name', path, algorithms: algorithm, ...range, blockSize: 0 },
      true,
    );
    return oneHash(reply.algorithm, reply.hashes, algorithm);
  }

  /** [filexfer-extensions-00 3] */
  async #byMd5Hash(path: ByteString, range: Range): Promise<Buffer> {
    const { hash } = await this.#sources.session.get(
      'md5-hash',
      { kind: 'md5-hash', path, ...range, quickCheck: Buffer.alloc(0) },
      true,
    );
    return ofLength(hash, 'md5');
  }

  /** `md5sum` and the like, where commands are run; `null` where they are not, or print something else. */
  async #byShell(
    path: ByteString,
    algorithm: HashAlgorithm,
    { start, length }: Range,
    waiting?: { readonly signal: AbortSignal; readonly word: Promise<void> },
  ): Promise<Buffer | null> {
    const sum = sums[algorithm];
    if (sum === null) return null;
    const file = quoted(path.startsWith('/') ? path : `./${path}`);
    const tail = start === 0 ? '' : `tail -c +${start + 1} ${file} | `;
    const head = length === 0 ? '' : tail === '' ? `head -c ${length} ${file} | ` : `head -c ${length} | `;
    const input = tail === '' && head === '' ? `${sum} < ${file}` : `test -f ${file} && ${tail}${head}${sum}`;
    const command = waiting ? `read x; ${input}` : input;
    try {
      const { status, stdout } = await this.#sources.exec(command, waiting?.signal, waiting?.word);
      const [, digits] = /^\\?([0-9a-f]+)\s/.exec(stdout.toString('latin1')) ?? [];
      if (status === 0 && digits?.length === 2 * hashLength(algorithm)) return Buffer.from(digits, 'hex');
      // The file cannot be read from there; of the next one nothing is known.
      if (status === 1) return null;
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== 'unsupported') throw thrown;
    }
    this.#shell = false;
    return null;
  }
}

const sums: Readonly<Record<HashAlgorithm, string | null>> = {
  md5: 'md5sum',
  sha1: 'sha1sum',
  sha224: 'sha224sum',
  sha256: 'sha256sum',
  sha384: 'sha384sum',
  sha512: 'sha512sum',
  crc32: null,
};

/**
 * The one hash of an answer: behind the algorithm (ProFTPD, WinSCP), or behind `check-file` and the algorithm, with its
 * length before it (mina-sshd) or without.
 */
function oneHash(named: string, rest: Buffer, wanted: HashAlgorithm): Buffer {
  if (named !== 'check-file') {
    if (named.toLowerCase() !== wanted) throw new Fault('unsupported', `the server made a hash by ${named}`);
    return ofLength(rest, wanted);
  }
  const reader = new Reader(rest);
  const algorithm = reader.byteString(64);
  if (algorithm.toLowerCase() !== wanted)
    throw new Fault('unsupported', `the server made a hash by ${algorithm}`);
  const bytes = reader.left === hashLength(wanted) + 4 ? reader.string(hashLength(wanted)) : reader.rest();
  return ofLength(bytes, wanted);
}

/** Kept apart from the packet it came in. */
function ofLength(hash: Buffer, algorithm: HashAlgorithm): Buffer {
  if (hash.length !== hashLength(algorithm))
    throw new Fault('unsupported', 'the server made a hash of another length');
  return Buffer.from(hash);
}

/** `null` where the server does not know how: another way may do. What it says of the file itself is thrown. */
async function unlessUnsupported(ask: () => Promise<Buffer>): Promise<Buffer | null> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'unsupported') return null;
    throw thrown;
  }
}
