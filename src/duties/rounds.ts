/**
 * Owns how the rounds of a computation travel on a channel: each round's openings cut into chunks, and put together again.
 * Both servers know every round's size from the plan, so nothing but openings is sent.
 */
import { concatBytes } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Mailbox, Transcript } from '../channel/streams.ts';
import type { Exchange } from '../engine/server.ts';

/** Throws `compute.wrong-size` when the other server's chunks do not add up to the round's size. */
export function roundExchange(outgoing: Transcript, incoming: Mailbox, signal?: AbortSignal): Exchange {
  return async (round, payload, expectedBytes) => {
    for (let at = 0; at < payload.length; at += LIMITS.chunkBytes)
      outgoing.append(payload.subarray(at, at + LIMITS.chunkBytes));
    const pieces: Uint8Array[] = [];
    for (let left = expectedBytes; left > 0; ) {
      const piece = await incoming.take(signal);
      left -= piece.length;
      if (left < 0)
        throw new MpcError(
          'compute.wrong-size',
          `round ${round}: the other server sent more than this plan opens`,
          {
            hint: 'both servers must run the same version of mpc',
            exitCode: EXIT.protocol,
          },
        );
      pieces.push(piece);
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : concatBytes(...pieces);
  };
}
