/**
 * Owns the masks of inputs. Each party's slice of an input node is masked by the keystreams of two sub-seeds, one from
 * each server's seed: told those two sub-seeds, a party can make all of its own masks and no one else's.
 * Must never hand a party the server's seed itself.
 */
import { assert } from '../base/errors.ts';
import type { Kind } from '../gates/gate.ts';
import { xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { wordsOf } from '../ring/words.ts';
import { jointMask } from './joint-mask.ts';
import { INPUT, Keystream } from './keystream.ts';
import type { Seed } from './seed.ts';
import { inputSeed } from './seed.ts';

/** One party's rows in a table; `capacity` is a multiple of 64, so that slices of bits are whole words. */
export interface InputSlice {
  readonly party: string;
  readonly capacity: number;
}

/** One server's share of the mask of one party's slice of input node `node`: what that party's sub-seed expands to. */
export function inputMask(subSeed: Seed, node: number, kind: Kind, length: number): Words {
  const keystream = new Keystream(subSeed, INPUT);
  return kind === 'ring' ? keystream.ring(node, 0, length) : keystream.bits(node, 0, length);
}

/** Rows `start` to `start + length` of a table; both are multiples of 64. */
export interface RowRange {
  readonly start: number;
  readonly length: number;
}

/** Shares of all input masks, of any rows, at any time: one server's, or the sum (bits: XOR) of both, which the dealer alone knows. */
export class InputMasks {
  readonly #serverSeeds: readonly [Seed, Seed?];
  readonly #keystreams = new Map<string, readonly [Keystream, Keystream?]>();

  constructor(...serverSeeds: readonly [Seed, Seed?]) {
    this.#serverSeeds = serverSeeds;
  }

  /** The masks of input node `node`: the slices' masks one after another, or some rows of them. */
  of(slices: readonly InputSlice[], node: number, kind: Kind, rows: RowRange = wholeOf(slices)): Words {
    assert(rows.start % 64 === 0 && rows.length % 64 === 0, 'a range is a multiple of 64 rows');
    const masks = new Uint32Array(wordsOf(kind, rows.length));
    for (const { slice, from, at, count } of partsOf(slices, rows)) {
      const part = masks.subarray(wordsOf(kind, at), wordsOf(kind, at + count));
      const [one, other] = this.#keystreamsOf(slice.party);
      const offset = wordsOf(kind, from);
      if (other === undefined) one.fill(part, node, 0, offset);
      else jointMask(part, kind, [one, other], node, 0, offset);
    }
    return masks;
  }

  #keystreamsOf(party: string): readonly [Keystream, Keystream?] {
    const known = this.#keystreams.get(party);
    if (known) return known;
    const [one, other] = this.#serverSeeds;
    const keystream = (seed: Seed): Keystream => new Keystream(inputSeed(seed, party), INPUT);
    const made: readonly [Keystream, Keystream?] =
      other === undefined ? [keystream(one)] : [keystream(one), keystream(other)];
    this.#keystreams.set(party, made);
    return made;
  }
}

/** The slices that a range of rows touches: `count` rows of each, from its row `from` on, at row `at` of the range. */
export function partsOf<Slice extends InputSlice>(
  slices: readonly Slice[],
  { start, length }: RowRange,
): { readonly slice: Slice; readonly from: number; readonly at: number; readonly count: number }[] {
  let first = 0;
  return slices.flatMap((slice) => {
    assert(slice.capacity % 64 === 0, 'a slice is a multiple of 64 rows');
    const from = Math.max(start - first, 0);
    const count = Math.min(slice.capacity, start + length - first) - from;
    const at = first + from - start;
    first += slice.capacity;
    return count > 0 ? [{ slice, from, at, count }] : [];
  });
}

const wholeOf = (slices: readonly InputSlice[]): RowRange => ({
  start: 0,
  length: slices.reduce((sum, { capacity }) => sum + capacity, 0),
});

/** The mask r = r_A + r_B (bits: XOR) of two shares, into a new vector. Also masks a value: the same operation. */
export function combine(kind: Kind, left: Words, right: Words): Words {
  const out = new Uint32Array(left.length);
  return kind === 'ring' ? add(out, left, right) : xor(out, left, right);
}
