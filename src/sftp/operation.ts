import type { ByteString } from '../names.js';
import type { Request } from '../wire/codec.js';
import type { SessionContext } from './context.js';

export type RequestKind = Exclude<Request['kind'], 'init'>;
export type RequestOf<K extends RequestKind> = Extract<Request, { readonly kind: K }>;

/** One row of `operations.ts`: all that the session needs to know of a request. */
export interface Operation<K extends RequestKind> {
  /** Whether it may change files; what does runs alone in its lane. */
  readonly effect: 'read' | 'write';
  /**
   * What it touches: one open handle; the position of a listing, which only one READDIR at a time may move; names in
   * the tree; or nothing at all.
   */
  readonly lane: Lanes<K>;
  /** Bytes of its largest reply, set aside before the request is taken (T3). */
  readonly reply: number | ((request: RequestOf<K>) => number);
  /** Gives the reply, or throws a `Fault` that becomes a STATUS. */
  readonly run: (request: RequestOf<K>, context: SessionContext) => Promise<Buffer> | Buffer;
}

type Lanes<K extends RequestKind> =
  RequestOf<K> extends { readonly handle: ByteString } ? 'handle' | 'listing' : 'paths' | 'none';

export type OperationTable = { readonly [K in RequestKind]: Operation<K> };

/** A row whose kind is known at run time only. */
export interface AnyOperation {
  readonly effect: 'read' | 'write';
  readonly lane: 'handle' | 'listing' | 'paths' | 'none';
  readonly reply: number | ((request: never) => number);
  readonly run: (request: never, context: SessionContext) => Promise<Buffer> | Buffer;
}
