/**
 * Owns groups that are numbered before any row is there: every combination of the keys' values has a number, and every row its
 * group's. Groups are public (they follow from the declaration); which of them have rows is not, unless the query reveals it.
 *
 *   group = sum over the keys of place * stride, the first key most significant, NULL after all values;
 *   rows that are absent, or that WHERE excludes, go to one extra group past the last.
 * Where all keys are columns and there is no WHERE the number is linear in what the parties bring, and costs no round.
 */

import { assert } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { combinations, type GroupKey } from './group-keys.ts';
import type { Rows } from './rows.ts';

export interface NumberedKey {
  readonly key: GroupKey;
  /** The place of the key's value in each group: 0.., and one past the last for NULL. */
  readonly places: readonly number[];
}

export interface Groups {
  readonly keys: readonly NumberedKey[];
  /** Number of possible groups. */
  readonly count: number;
  /** The group of each row, `count` where the row is absent or excluded. */
  readonly key: Ring;
}

/** Whether there are few enough groups to number them. */
export const areFew = (keys: readonly GroupKey[]): boolean => combinations(keys) <= LIMITS.groups;

/** The groups that few keys make. `included` are the rows that count; undefined where all that are present do. */
export function numberedGroups(rows: Rows, keys: readonly GroupKey[], included: Bits | undefined): Groups {
  assert(areFew(keys), 'there are few groups');
  const parts = keys.map((key) => key.parts[0]!);
  const count = Number(combinations(keys));
  const { builder } = rows;
  const terms: (readonly [bigint, Ring])[] = [];
  const numbered: NumberedKey[] = [];
  let stride = count;
  /** What an absent row has. */
  let offset: bigint | undefined = 0n;
  parts.forEach(({ ring, domain, absent }, index) => {
    const size = Number(domain);
    stride /= size;
    const step = stride;
    terms.push([BigInt(step), ring]);
    offset = offset === undefined || absent === undefined ? undefined : offset + BigInt(step) * absent;
    const places = Array.from({ length: count }, (_, g) => Math.floor(g / step) % size);
    numbered.push({ key: keys[index]!, places });
  });
  if (included || offset === undefined) {
    const outside = builder.constant(BigInt(count), rows.length);
    const key = builder.select(included ?? rows.present(), builder.linear(terms), outside);
    return { keys: numbered, count, key };
  }
  const outside = BigInt(count) - offset;
  const key = builder.linear([...terms, [-outside, rows.presentRing()]], outside);
  return { keys: numbered, count, key };
}
