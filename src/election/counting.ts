/**
 * Owns which ballots count: of each voter the valid one with the highest counter, whatever the order in which they were boxed.
 * Must never depend on anything but the box's order and which of its places were rejected, so that all who know them agree.
 */
import type { BoxItem, Counted } from './items.ts';
import { trackerOf } from './items.ts';

interface Standing {
  readonly position: number;
  readonly counter: number;
  readonly contents: Uint8Array;
}

/** What verifying one ballot changed. */
export interface Change {
  /** This position counts from now on. */
  readonly added?: number;
  /** This one counted until now. */
  readonly removed?: number;
}

/** A valid ballot, with this server's share of what it adds to the tally. */
export interface Valid {
  readonly position: number;
  readonly outShare: Uint8Array;
}

/** The ballots that count so far, by voter. */
export class Counting {
  readonly #standing = new Map<number, Standing>();

  get size(): number {
    return this.#standing.size;
  }

  /** A valid ballot at a position; each position once. */
  take(position: number, { voter, counter, contents }: BoxItem): Change {
    const before = this.#standing.get(voter);
    if (before !== undefined && before.counter >= counter) return {};
    this.#standing.set(voter, { position, counter, contents });
    return { added: position, ...(before === undefined ? {} : { removed: before.position }) };
  }

  /** The valid ballots of a batch: the shares to add, and the positions of those that do not count any more. */
  takeAll(
    valid: readonly Valid[],
    itemAt: (position: number) => BoxItem,
  ): { readonly added: Uint8Array[]; readonly replaced: number[] } {
    const added: Uint8Array[] = [];
    const replaced: number[] = [];
    for (const { position, outShare } of valid) {
      const change = this.take(position, itemAt(position));
      if (change.added !== undefined) added.push(outShare);
      if (change.removed !== undefined) replaced.push(change.removed);
    }
    return { added, replaced };
  }

  /** Whether the ballot at that position counts. */
  counts(voter: number, position: number): boolean {
    return this.#standing.get(voter)?.position === position;
  }

  counted(election: string): Counted[] {
    return [...this.#standing].map(([voter, { position, counter, contents }]) => ({
      position,
      tracker: trackerOf(election, { voter, counter, contents }),
    }));
  }
}
