import type { Duplex } from 'node:stream';
import type { ChannelSink, SessionChannel } from './channel.js';

export interface DuplexChannelOptions {
  /** Where sentences for the person at the other end go; nowhere if absent. */
  readonly stderr?: (text: string) => void;
}

/** A session over any duplex stream: a pipe, a socket, a pair in memory. The stream's end is the session's end. */
export function duplexChannel(duplex: Duplex, options: DuplexChannelOptions = {}): SessionChannel {
  let sink: ChannelSink | null = null;
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    sink?.closed();
  };
  return {
    start(to) {
      sink = to;
      // A peer that sends no more still reads its answers: a socket by itself would end with it (T5).
      duplex.allowHalfOpen = true;
      duplex.on('data', (chunk: Buffer) => {
        if (!closed && !to.data(chunk)) duplex.pause();
      });
      duplex.on('end', () => {
        if (!closed) to.end();
      });
      duplex.on('error', close);
      duplex.on('close', close);
      if (duplex.destroyed) close();
    },
    resume: () => void duplex.resume(),
    send(bytes) {
      if (closed) return;
      // Some streams hand on the very buffer, and who reads them may keep it; the session uses its buffers again.
      duplex.write(Buffer.from(bytes), (error) => {
        if (!error && !closed) sink?.sent(bytes.length);
      });
    },
    stderr: (text) => options.stderr?.(text),
    // The other half may stay open for ever; what was queued has left once `end` calls back.
    finish: () => void duplex.end(() => duplex.destroy()),
    destroy: () => void duplex.destroy(),
  };
}
