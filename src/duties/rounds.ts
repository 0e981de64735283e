/**
 * Owns how the messages of a computation travel on a channel: each cut into chunks, and put together again.
 * Both servers know every message's size from the plan, so nothing but openings is sent.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Link } from '../engine/openings.ts';

/** What takes chunks to be sent, in order; their content must stay as it is. */
export interface ChunkLog {
  append(chunk: Uint8Array): void;
}

/** What gives the chunks that have arrived, in order: a `Mailbox`. */
export interface ChunkQueue {
  take(signal?: AbortSignal): Promise<Uint8Array>;
}

/** Throws `compute.wrong-size` when the other server's chunks do not add up to a message's size. */
export function channelLink(outgoing: ChunkLog, incoming: ChunkQueue, signal?: AbortSignal): Link {
  return {
    send(message) {
      for (let at = 0; at < message.length; at += LIMITS.chunkBytes)
        outgoing.append(message.subarray(at, at + LIMITS.chunkBytes));
    },
    async receive(bytes) {
      let message: Uint8Array | undefined;
      for (let at = 0; at < bytes; ) {
        const piece = await incoming.take(signal);
        if (at + piece.length > bytes)
          throw new MpcError('compute.wrong-size', 'the other server sent more than this plan opens', {
            hint: 'both servers must run the same version of mpc',
            exitCode: EXIT.protocol,
          });
        if (piece.length === bytes) return piece;
        // Put in its place while the next one is on its way.
        message ??= new Uint8Array(bytes);
        message.set(piece, at);
        at += piece.length;
      }
      return message ?? new Uint8Array(0);
    },
  };
}
