/**
 * Owns sorting rows by keys of proven ranges: several keys become one number where that is short enough, and the gate is chosen
 * by the number's bits. Must never spend a bit on what a range rules out: bits decide what a sort costs.
 */
import { assert } from '../../base/errors.ts';
import { mostKeyBits } from '../../gates/sample-sort.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import type { Ranged } from './ranged.ts';

/** Widest range of one key. */
const KEY_BITS = 64;
/** Up to here a radix sort has two passes, and takes less time and tape than a sample sort of as many rows. */
const RADIX_BITS = 8;

interface Key {
  readonly value: Ring;
  readonly bits: number;
}

/**
 * The payload's rows in ascending order of the keys, the first key most significant; rows that are equal in all keys keep
 * their order. Numbers of up to 8 bits take a radix sort, three rounds for each 4 bits; longer ones a sample sort, whose rounds
 * and bytes do not depend on the bits; those too long for that, by 63 bits less what numbers the rows, a radix sort again.
 * Keys are not part of the result unless they are in the payload too.
 */
export function sortRows(
  builder: PlanBuilder,
  keys: readonly Ranged[],
  payload: readonly Ring[],
): readonly Ring[] {
  const rows = payload[0]?.length ?? 0;
  if (rows === 1) return payload;
  const most = mostKeyBits(rows);
  const numbers = combined(builder, keys, most);
  // Sorting is stable, so that the least significant number comes first; the others travel with the rows.
  let sorted = [...payload, ...numbers.map(({ value }) => value)];
  for (let last = numbers.length - 1; last >= 0; last--) {
    const key = sorted.pop();
    assert(key, 'each number is in its place behind the payload');
    const { bits } = numbers[last]!;
    sorted =
      bits > RADIX_BITS && bits <= most ? builder.sampleSort(key, sorted) : builder.sort(key, bits, sorted);
  }
  return sorted;
}

/** The keys as few numbers, most significant first, of at most `most` bits but where one key has more. */
function combined(builder: PlanBuilder, keys: readonly Ranged[], most: number): readonly Key[] {
  const numbers: { terms: (readonly [bigint, Ring])[]; offset: bigint; bits: number }[] = [];
  for (const { value, lo, hi } of [...keys].reverse()) {
    const bits = hi === lo ? 0 : (hi - lo).toString(2).length;
    assert(hi >= lo && bits <= KEY_BITS, 'a key has a range of at most 64 bits');
    if (bits === 0) continue;
    let number = numbers[0];
    if (number === undefined || number.bits + bits > most) {
      number = { terms: [], offset: 0n, bits: 0 };
      numbers.unshift(number);
    }
    const unit = 1n << BigInt(number.bits);
    number.terms.push([unit, value]);
    number.offset -= unit * lo;
    number.bits += bits;
  }
  return numbers.map(({ terms, offset, bits }) => ({ value: builder.linear(terms, offset), bits }));
}
