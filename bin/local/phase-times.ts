/**
 * Owns how long the phases of one collaboration took, read from the times of its entries in the log.
 */
import type { Applied } from '../../src/coordination/records.ts';

export interface PhaseSeconds {
  /** From the creation until both servers hold their tapes. */
  readonly deal: number;
  /** From then (or the last approval, if later) until every party's masked rows are on both servers. */
  readonly upload: number;
  /** From there until both servers have stored the result. */
  readonly compute: number;
}

export class PhaseTimes {
  readonly #lastMs = new Map<string, number>();

  note({ command, timeMs }: Applied): void {
    if (command !== undefined) this.#lastMs.set(command.body.kind, timeMs);
  }

  seconds(): PhaseSeconds {
    const at = (kind: string): number => this.#lastMs.get(kind) ?? 0;
    const dealtMs = at('randomnessReady');
    return {
      deal: (dealtMs - at('create')) / 1000,
      upload: (at('uploaded') - Math.max(dealtMs, at('approve'))) / 1000,
      compute: (at('resultStored') - at('uploaded')) / 1000,
    };
  }
}
