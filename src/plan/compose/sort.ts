/**
 * Owns sorting rows by keys of proven ranges: several keys become one number where that is short enough, and the gate is chosen
 * by the number's bits. Must never spend a bit on what a range rules out: bits decide what a sort costs.
 */
import { assert } from '../../base/errors.ts';
import type { OperationOf } from '../../gates/operations.ts';
import { mostKeyBits } from '../../gates/sample-sort.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import type { Ranged } from './ranged.ts';

/** Widest range of one key. */
const KEY_BITS = 64;
/** Up to here a radix sort has two passes, and takes less time and tape than a sample sort of as many rows. */
const RADIX_BITS = 8;

/**
 * The payload's rows in ascending order of the keys, the first key most significant; rows that are equal in all keys keep
 * their order. Numbers of up to 8 bits take a radix sort, three rounds for each 4 bits; longer ones a sample sort, whose rounds
 * do not depend on the bits, and bytes little; those too long for that, by 63 bits less what numbers the rows, a radix sort again.
 * Keys are not part of the result unless they are in the payload too. `first`: only so many rows are wanted, which takes less where
 * there are many more.
 */
export function sortRows(
  builder: PlanBuilder,
  keys: readonly Ranged[],
  payload: readonly Ring[],
  first = payload[0]?.length ?? 0,
): readonly Ring[] {
  const rows = payload[0]?.length ?? 0;
  assert(first <= rows, 'there are as many rows as are wanted');
  if (rows === 1) return payload;
  const numbers = numbersOf(keys, rows).map((number) => written(builder, number));
  // Sorting is stable, so that the least significant number comes first; the others travel with the rows.
  let sorted = [...payload, ...numbers.map(({ value }) => value)];
  for (let last = numbers.length - 1; last >= 0; last--) {
    const key = sorted.pop();
    assert(key, 'each number is in its place behind the payload');
    const { bits } = numbers[last]!;
    const gate = gateFor(bits, rows);
    // All but the last sort prepare it.
    const wanted = last === 0 ? first : rows;
    sorted =
      gate.op === 'sort' ? builder.sort(key, bits, sorted) : builder.sampleSort(key, bits, sorted, wanted);
  }
  return sorted.map((column) => builder.slice(column, 0, first));
}

type SortGate = OperationOf<'sort' | 'sampleSort'>;

/** The gates that `sortRows` takes for `rows` rows. They run from the last on; gate k has k numbers among its columns, besides the payload. */
export const sortGates = (keys: readonly Range[], rows: number): readonly SortGate[] =>
  rows === 1 ? [] : numbersOf(keys, rows).map(({ bits }) => gateFor(bits, rows));

const gateFor = (bits: number, rows: number): SortGate =>
  bits > RADIX_BITS && bits <= mostKeyBits(rows) ? { op: 'sampleSort', bits } : { op: 'sort', bits };

type Range = Omit<Ranged, 'value'>;

/** Keys that are one number: the last one its lowest bits. */
interface KeyNumber<K> {
  readonly keys: readonly { readonly key: K; readonly shift: number }[];
  readonly bits: number;
}

/** The keys as few numbers, most significant first, no longer than a sample sort takes but where one key is by itself. */
function numbersOf<K extends Range>(keys: readonly K[], rows: number): readonly KeyNumber<K>[] {
  const most = mostKeyBits(rows);
  const numbers: KeyNumber<K>[] = [];
  for (const key of [...keys].reverse()) {
    const width = key.hi - key.lo;
    const bits = width === 0n ? 0 : width.toString(2).length;
    assert(width >= 0n && bits <= KEY_BITS, 'a key has a range of at most 64 bits');
    if (bits === 0) continue;
    const [number] = numbers;
    if (number && number.bits + bits <= most)
      numbers[0] = { keys: [...number.keys, { key, shift: number.bits }], bits: number.bits + bits };
    else numbers.unshift({ keys: [{ key, shift: 0 }], bits });
  }
  return numbers;
}

function written(builder: PlanBuilder, { keys, bits }: KeyNumber<Ranged>) {
  const units = keys.map(({ key, shift }) => [1n << BigInt(shift), key] as const);
  const offset = units.reduce((sum, [unit, { lo }]) => sum - unit * lo, 0n);
  return {
    value: builder.linear(
      units.map(([unit, { value }]) => [unit, value] as const),
      offset,
    ),
    bits,
  };
}
