/**
 * The bytes of one session, whatever carries them: an SSH channel (`ssh/`) or any duplex stream. It joins the SFTP
 * session to the network without either knowing the other.
 */
export interface SessionChannel {
  /** Begins delivery; called once. Every callback is synchronous. */
  start(sink: ChannelSink): void;
  /** The session can take input again after `data` returned `false`. */
  resume(): void;
  /** Queues bytes for the peer; the buffer belongs to the channel until `sent` has told of all its bytes. */
  send(bytes: Buffer): void;
  /** A line for the person at the other end, beside the protocol (SSH: extended data, RFC 4254 5.2). */
  stderr(text: string): void;
  /** Ends the session in order once everything queued is sent: exit status, EOF, CLOSE (T5). */
  finish(exitStatus: number): void;
  /** Drops the session now. */
  destroy(): void;
}

export interface ChannelSink {
  /**
   * Bytes from the peer; the buffer may be kept. `false` asks the channel to grant the peer no more window until
   * `resume`, so that a slow disk slows the sender (T3).
   */
  data(bytes: Buffer): boolean;
  /** The peer will send no more; `cut` where it may have wanted to, but the server is stopping. */
  end(cut?: boolean): void;
  /** So many bytes given to `send` are not needed any more: their budget and their buffers are free again. */
  sent(bytes: number): void;
  /** The channel is gone; nothing is delivered after this. Called exactly once. */
  closed(): void;
}
