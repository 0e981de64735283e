/**
 * Owns how the rounds of a computation travel on a channel: each round's openings cut into chunks, and put together again.
 * Both servers know every round's size from the plan, so nothing but openings is sent.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Mailbox, Transcript } from '../channel/streams.ts';
import type { Exchange } from '../engine/server.ts';

/** Throws `compute.wrong-size` when the other server's chunks do not add up to the round's size. */
export function roundExchange(outgoing: Transcript, incoming: Mailbox, signal?: AbortSignal): Exchange {
  return async (round, payload, expectedBytes) => {
    for (let at = 0; at < payload.length; at += LIMITS.chunkBytes)
      outgoing.append(payload.subarray(at, at + LIMITS.chunkBytes));
    let received: Uint8Array | undefined;
    for (let at = 0; at < expectedBytes; ) {
      const piece = await incoming.take(signal);
      if (at + piece.length > expectedBytes)
        throw new MpcError(
          'compute.wrong-size',
          `round ${round}: the other server sent more than this plan opens`,
          {
            hint: 'both servers must run the same version of mpc',
            exitCode: EXIT.protocol,
          },
        );
      if (piece.length === expectedBytes) return piece;
      // Put in its place while the next one is on its way.
      received ??= new Uint8Array(expectedBytes);
      received.set(piece, at);
      at += piece.length;
    }
    return received ?? new Uint8Array(0);
  };
}
