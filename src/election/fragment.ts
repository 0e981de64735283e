/**
 * Owns one server's share of the tally while it grows: what valid ballots add, and what those add that a later one replaced.
 * Must never be published before the root is signed by all: it is secret until then, though alone it says nothing.
 */
import type { BallotType } from '../ballot/election-type.ts';
import { decodeVector, encodeVector, FIELD64, FIELD128, reduce } from '../ballot/field.ts';

export interface TallyHalves {
  /** The sum of all output shares that ever counted. */
  readonly added: Uint8Array;
  /** The sum of those that do not count any more. */
  readonly removed: Uint8Array;
}

export class GrowingTally {
  readonly #type: BallotType;
  #added: Uint8Array;
  #removed: Uint8Array;

  constructor(type: BallotType, from?: TallyHalves) {
    this.#type = type;
    this.#added = from?.added ?? type.emptyTally();
    this.#removed = from?.removed ?? type.emptyTally();
  }

  get halves(): TallyHalves {
    return { added: this.#added, removed: this.#removed };
  }

  add(outShares: readonly Uint8Array[]): void {
    this.#added = this.#type.addToTally(this.#added, outShares);
  }

  remove(outShares: readonly Uint8Array[]): void {
    this.#removed = this.#type.addToTally(this.#removed, outShares);
  }

  /** The share of the tally of what counts, base64url. */
  fragment(): string {
    const { kind, sizes } = this.#type;
    const field = kind.kind === 'yesNo' ? FIELD64 : FIELD128;
    const minus = decodeVector(field, this.#removed).map((value) => reduce(field, -value));
    const share = this.#type.addToTally(this.#added, [encodeVector(field, minus)]);
    return Buffer.from(share.buffer, share.byteOffset, sizes.tallyShare).toString('base64url');
  }
}
