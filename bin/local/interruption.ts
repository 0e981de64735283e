/**
 * Owns being interrupted while processes of one's own run: the first Ctrl-C asks to end, the second ends at once.
 */
import { EXIT, MpcError } from '../../src/base/errors.ts';

export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM, and by `over`. */
  readonly signal: AbortSignal;
  /** Rejects with the signal's reason when it is aborted. */
  asked(): Promise<never>;
  /** Aborts it, and listens no more. */
  over(): void;
}

/** `what`: as in `run.interrupted`. Roles that were started hear of a sudden end from their pipes. */
export function interruption(what: string): Interruption {
  const ends = new AbortController();
  const interrupt = (): void => {
    if (ends.signal.aborted) process.exit(EXIT.temporary);
    ends.abort(new MpcError(`${what}.interrupted`, 'interrupted', { exitCode: EXIT.temporary }));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: ends.signal,
    asked: () =>
      new Promise((_, reject) => {
        ends.signal.addEventListener('abort', () => reject(ends.signal.reason), { once: true });
      }),
    over: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      ends.abort(new MpcError(`${what}.over`, 'it is over'));
    },
  };
}
