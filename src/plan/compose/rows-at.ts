/**
 * Owns reading rows at secret places: places and rows are sorted together, each place behind the row it asks for, so that
 * the row before a place is the answer. n rows and m places cost a sort of n + m rows, not n m comparisons.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import { compacted, preceding } from './runs.ts';
import { sortRows } from './sort.ts';

/**
 * The columns' elements at each of the places, which must ascend strictly from 0 on; from the first that is the number of rows
 * on they may be anything up to it, and what is read there says nothing. Nobody learns a place.
 */
export function rowsAt(builder: PlanBuilder, columns: readonly Ring[], places: Ring): readonly Ring[] {
  const [first] = columns;
  assert(first, 'at least one column is read');
  const [rows, asked] = [first.length, places.length];
  const nothing = builder.constant(0n, asked);
  const positions = builder.linear([[2n, builder.runningSum(builder.constant(1n, rows))]], -2n);
  const value = builder.concat(positions, builder.linear([[2n, places]], 1n));
  const asks = builder.concat(builder.constant(0n, rows), builder.constant(1n, asked));
  const [flags, ...sorted] = sortRows(
    builder,
    [{ value, lo: 0n, hi: 2n * BigInt(rows) + 1n }],
    [asks, ...columns.map((column) => builder.concat(column, nothing))],
  );
  assert(flags, 'the flags travel with the rows');
  // Places ascend, so that their order is still that in which they were asked for.
  const before = sorted.map((column) => preceding(builder, column, builder.constant(0n, 1)));
  return compacted(builder, flags, before, asked);
}
