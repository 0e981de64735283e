/**
 * Owns sorting rows by keys of proven ranges: several keys become one number where 64 bits hold them, so that each bit is
 * sorted by once. Must never spend a bit on what a range rules out: bits are rounds.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import type { Ranged } from './ranged.ts';

const KEY_BITS = 64;

interface Key {
  readonly value: Ring;
  readonly bits: number;
}

/**
 * The payload's rows in ascending order of the keys, the first key most significant; rows that are equal in all keys keep
 * their order. About three rounds for every 4 bits of the keys' ranges. Keys are not part of the result unless
 * they are in the payload too.
 */
export function sortRows(
  builder: PlanBuilder,
  keys: readonly Ranged[],
  payload: readonly Ring[],
): readonly Ring[] {
  const numbers = combined(builder, keys);
  // Sorting is stable, so that the least significant number comes first; the others travel with the rows.
  let sorted = [...payload, ...numbers.map(({ value }) => value)];
  for (let last = numbers.length - 1; last >= 0; last--) {
    const key = sorted.pop();
    assert(key, 'each number is in its place behind the payload');
    sorted = builder.sort(key, numbers[last]!.bits, sorted);
  }
  return sorted;
}

/** The keys as few numbers, most significant first. */
function combined(builder: PlanBuilder, keys: readonly Ranged[]): readonly Key[] {
  const numbers: { terms: (readonly [bigint, Ring])[]; offset: bigint; bits: number }[] = [];
  for (const { value, lo, hi } of [...keys].reverse()) {
    const bits = hi === lo ? 0 : (hi - lo).toString(2).length;
    assert(hi >= lo && bits <= KEY_BITS, 'a key has a range of at most 64 bits');
    if (bits === 0) continue;
    let number = numbers[0];
    if (number === undefined || number.bits + bits > KEY_BITS) {
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
