/**
 * Owns what the parts of a box work with, and the small means of waiting that they share.
 * Must never do anything itself.
 */
import type { Workplace } from '../duties/workplace.ts';
import type { ElectionBody } from '../election/bodies.ts';
import type { SignatureMemo } from '../election/box-memory.ts';
import type { ElectionServer } from '../election/descriptor.ts';
import { ELECTION_SERVERS } from '../election/descriptor.ts';
import type { BoxStore } from './store.ts';

export interface BoxPlace {
  readonly workplace: Workplace;
  readonly me: ElectionServer;
  readonly store: BoxStore;
  readonly memo: SignatureMemo;
  /** Says something in the log; resolves with its place there, or undefined when it was refused, which is noted. */
  readonly say: (body: ElectionBody) => Promise<number | undefined>;
  /** Aborted when this server stops. */
  readonly signal: AbortSignal;
}

export const peersOf = (me: ElectionServer): ElectionServer[] =>
  ELECTION_SERVERS.filter((server) => server !== me);

/** Something may have changed: whoever waits looks again. */
export class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when it rings next; rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = (): void => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
  }

  /** Resolves with what `look` gives as soon as that is neither undefined nor false: at once, or after a ring. */
  async until<Found>(look: () => Found | undefined | false, signal: AbortSignal): Promise<Found> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      await this.next(signal);
    }
  }
}
