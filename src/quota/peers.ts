/**
 * The processes of one root, as they talk to each other about homes (L6). `peers/` implements it on Unix sockets; a
 * server that is alone uses `noPeers`.
 */
export interface Peers {
  /** This process's name among them; never used twice. */
  readonly self: string;
  /** The others that have a socket; dead ones may be among them. */
  others(): Promise<readonly string[]>;
  /**
   * The channel on which this process asks `peer`, the same one for as long as it lasts. What `peer` asks back about
   * the same home comes on it as well, so that all about one home is in one order.
   * @throws Fault `not-found` when the peer is dead: its socket refuses, or is gone; `busy` when it does not answer
   */
  connect(peer: string): Promise<Channel>;
  /** Whoever answers what others ask; set once, before anybody is told of this process. */
  answer(answering: Answering): void;
  close(): Promise<void>;
}

/** @returns the reply, as JSON has it. What is thrown reaches the asker as the same Fault (code and message). */
export type Answering = (channel: Channel, question: string, argument: unknown) => Promise<unknown>;

export interface Channel {
  /** Who is at the other end. */
  readonly peer: string;
  /**
   * Asks. Questions are begun in the order they were asked, and a reply is acted upon (its promise's jobs have run)
   * before anything that came after it on the channel is looked at.
   * @param patience milliseconds until it fails with `busy`; 5000 unless told, `null` for no end
   * @throws Fault what the other end threw; `busy`; `cancelled` when the channel broke before the reply
   */
  ask(question: string, argument: unknown, patience?: number | null): Promise<unknown>;
  /** Resolves when the channel is gone, for whatever reason. */
  readonly gone: Promise<void>;
}
