/**
 * Owns lookups in public tables by secret indices. Must never give an index outside the table a meaning: whoever calls proves the
 * range.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import { powerOfTwo } from '../handles.ts';

/**
 * table[x] for every x in 0..table.length-1, a table of at most LIMITS.groups entries. No round and no byte online once x is opened,
 * but 8 bytes of tape for each element and entry: for small tables whose entries are numbers, not for sets.
 */
export function lookup(builder: PlanBuilder, x: Ring, table: readonly bigint[]): Ring {
  const [first] = table;
  assert(first !== undefined, 'a table has entries');
  if (table.every((value) => value === first)) return builder.constant(first, x.length);
  const padding = Array<bigint>(powerOfTwo(table.length) - table.length).fill(0n);
  const entries = [...table, ...padding].map((value) => BigInt.asIntN(64, value).toString());
  return builder.gate({ op: 'lookup', table: entries }, [x], 'ring', x.length);
}
