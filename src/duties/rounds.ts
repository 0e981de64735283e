/**
 * Owns how the messages of a computation travel on a channel: each cut into chunks, and put together again.
 * Both servers know every message's size from the plan, so nothing but openings is sent.
 */
import { concatBytes } from '../base/bytes.ts';
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
      const pieces: Uint8Array[] = [];
      for (let left = bytes; left > 0; ) {
        const piece = await incoming.take(signal);
        left -= piece.length;
        if (left < 0)
          throw new MpcError('compute.wrong-size', 'the other server sent more than this plan opens', {
            hint: 'both servers must run the same version of mpc',
            exitCode: EXIT.protocol,
          });
        pieces.push(piece);
      }
      return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : concatBytes(...pieces);
    },
  };
}
